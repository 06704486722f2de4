// A detector's scores in the benchmark's own layout, so that its own scripts can score them too:
// <folder>/results/<detector>/<category>/<detector>_<file>.csv with timestamp,value,anomaly_score,label.

import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { engineError } from '../../../base/errors.ts';
import type { Series } from './corpus.ts';

export async function writeResults(folder: string, detector: string, series: Series, scores: Float64Array) {
  const [category = '', file = ''] = series.key.split('/');
  const path = join(folder, 'results', detector, category, `${detector}_${file}`);
  const lines = ['timestamp,value,anomaly_score,label'];
  for (let row = 0; row < scores.length; row++) {
    const label = series.windows.some(([first, last]) => row >= first && row <= last) ? 1 : 0;
    lines.push(`${series.timestamps[row]},${series.values[row]},${scores[row]},${label}`);
  }
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, `${lines.join('\n')}\n`);
  } catch (cause) {
    throw engineError('ERR_OUTPUT_FAILED', `cannot write ${path}`, {
      cause,
      expected: '--out <folder> that can be written',
    });
  }
}
