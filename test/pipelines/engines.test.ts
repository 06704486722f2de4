// One pipeline on several engines: plain and WebAssembly agree within a bound, and `portable` gives the very same bytes on
// every machine, Node version and day: its digests of the bundled recording are written down here.

import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import vad from '../../pipelines/vad.ts';
import { openEngine } from '../../src/app/open-engine.ts';
import { loadPipeline } from '../../src/pipeline/connect.ts';
import { openModel } from '../../src/weights/open-model.ts';
import { ROOT } from '../arch/imports.ts';
import { bundledSpeech } from '../helpers/bundled-recording.ts';
import { runSession } from '../helpers/sessions.ts';

const MONO = { rateHz: 16_000, width: 1 };
/** Of a probability. Measured: 4e-7 for ssm, 8e-7 for attention. */
const BOUND = 1e-5;
/** Changed only with the model, the front end or the arithmetic, and then on purpose: saved states go on with the same bits. */
const DIGESTS: Readonly<Record<string, string>> = {
  ssm: 'sha256:c12ef1c7549de18835751c4a52b1feb5a675e42aa9a106260ee846cdc1a861a8',
  attention: 'sha256:b344497c12457d00249af04e416ec400ab525c99cd94804be15fe74536fe7817',
};

async function run(engine: string, cell: string) {
  const open = (name: string) => openModel(join(ROOT, 'models', name));
  const loaded = await loadPipeline(vad, { cell }, open, await openEngine(engine));
  const { outputs, summary } = await runSession(loaded, MONO, await bundledSpeech());
  const speech = outputs.map(({ item }) => (item.kind === 'detection' ? item.values.speech! : Number.NaN));
  return { speech, digest: summary.digest, numerics: loaded.numerics };
}

describe.each(['ssm', 'attention'])('vad with cell %s', (cell) => {
  it('says the same on every engine, within a bound', async () => {
    const [plain, ...others] = await Promise.all(['plain', 'portable', 'onnx'].map((engine) => run(engine, cell)));
    for (const { speech } of others) {
      expect(speech).toHaveLength(plain!.speech.length);
      const worst = Math.max(...speech.map((value, hop) => Math.abs(value - plain!.speech[hop]!)));
      expect(worst).toBeLessThan(BOUND);
    }
    expect(new Set([plain, ...others].map((one) => one!.numerics)).size).toBe(3);
  });

  it('gives the digest written down for portable', async () => {
    expect((await run('portable', cell)).digest).toBe(DIGESTS[cell]);
  });
});
