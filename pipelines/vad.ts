// vad: is somebody speaking? One probability per 10 ms hop, from log-mel rows through a small Mamba-2 stack whose state is
// 23 KB and never grows; or through its attention twin, with as many parameters, trained on the same data for as long.
//   samples at any rate -> 16 kHz mono -> hops of 160 -> 25 ms spectra -> 40 mel bands -> stack -> vad {speech}
// With `segments`, vad.start {peak} 115 ms after speech begins (median), its `from` up to 150 ms before it, and vad.end {peak} 80 ms
// after it ends (nine of ten within 170), its `to` 100 ms behind it at most: threshold/speech-segments.ts. Readings go on beside
// them, so that who wants it otherwise decides on these.
// No look-ahead: the answer about a hop uses nothing after it. Models and their honest figures: models/vad-*/README.md.

import { type AsyncCell, type Cell, LOWERED_ROWS_MAX } from '../src/cell/cell.ts';
import { detect } from '../src/operator/detect/index.ts';
import { logMelHops } from '../src/operator/log-mel/index.ts';
import { rehop } from '../src/operator/rehop/index.ts';
import { SPEECH_SEGMENTS, threshold } from '../src/operator/threshold/index.ts';
import { buildCell, cellStage } from '../src/pipeline/build-cell.ts';
import { definePipeline } from '../src/pipeline/define-pipeline.ts';

const RATE_HZ = 16_000;
const HOP_ROWS = 160;
/** 25 ms windows, 40 mel bands: what the models were trained on. */
const FRONT_END = {
  sampleRateHz: RATE_HZ,
  hopRows: HOP_ROWS,
  windowRows: 400,
  window: 'hann',
  fftSize: 512,
  bands: 40,
  lowHz: 20,
  highHz: 8000,
  floor: 1e-6,
} as const;

interface Models {
  readonly id: string;
  readonly cell: Cell | AsyncCell;
}

export default definePipeline<Models>({
  name: 'vad',
  summary: 'speech activity: one probability per 10 ms',
  input: { kind: 'audio', rateHz: RATE_HZ, width: 1, hopRows: HOP_ROWS },
  options: {
    cell: { type: 'choice', values: ['ssm', 'attention'], default: 'ssm', help: 'sequence model' },
    window: {
      type: 'number',
      default: 0,
      min: 0,
      max: 60_000,
      integer: true,
      help: 'hops that the attention cell sees; 0: as trained (100, one second)',
    },
    edition: {
      type: 'choice',
      values: ['1', '2'],
      default: '1',
      help: 'training of the model: 2 heard harder scenes (babble, music, rooms, clipping); 1 is a little ahead in loud noise',
    },
    segments: {
      type: 'choice',
      values: ['off', 'on'],
      default: 'off',
      help: 'also report where speech starts and ends',
    },
  },
  async load(open, { cell, window, edition }, engine) {
    const model = await open(`vad${edition === '2' ? '2' : ''}-${cell}`);
    return {
      id: model.id,
      cell: await buildCell(model, { engine, ...(Number(window) > 0 && { window: Number(window) }) }),
    };
  },
  modelIds: ({ id }) => [id],
  stages: ({ cell }, { segments }, _format, { simd }) => [
    rehop({ hopRows: HOP_ROWS, width: 1, rateHz: RATE_HZ, hopsMax: LOWERED_ROWS_MAX }),
    logMelHops({ ...FRONT_END, simd }),
    cellStage(cell, { spanRows: HOP_ROWS, rateHz: RATE_HZ, slot: 'stack' }),
    detect({ name: 'vad', values: ['speech'], spanRows: HOP_ROWS, rateHz: RATE_HZ }),
    ...(segments === 'on' ? [threshold(SPEECH_SEGMENTS)] : []),
  ],
});
