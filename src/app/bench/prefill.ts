// A long beginning at once: rows through one layer 64 wide, a Mamba-2 mixer (N = 16) beside causal attention over all of
// them (4 heads, full cache), each row by row and in its fastest form. Time a row and bytes of state at 1K to 64K rows.
// What would take longer than --seconds (60) is not run; a record says so, with how long it would have taken.

import { attentionCell } from '../../cell/attention/index.ts';
import type { Cell } from '../../cell/cell.ts';
import { type Mamba2Config, mamba2Cell } from '../../cell/mamba2/index.ts';
import { seededRandom } from '../../cell/seeded-random.ts';
import { makeState, stateBytes } from '../../cell/state.ts';
import type { Tensor, Weights } from '../../weights/tensor.ts';
import { interleave, ratioOf, type Timing } from './interleave.ts';
import type { BenchContext, Report } from './record.ts';

const WIDTH = 64;
const SIZES = [1024, 4096, 16_384, 65_536];
const SECONDS_MAX = 60;
const ROUNDS = 5;
/** A size takes no more rounds than fit into this. */
const SIZE_SECONDS = 30;
const BASELINE = 'attention, tiled';

/** A way through the rows. `growth`: how many times longer twice as many rows take, for the forecast of what is too long. */
interface Form {
  readonly name: string;
  readonly growth: 2 | 4;
  readonly cell: (rows: number) => Cell;
  readonly scan: (cell: Cell) => NonNullable<Cell['scan']>;
}

const FORMS: readonly Form[] = [
  { name: 'mamba2, steps', growth: 2, cell: mamba2, scan: ({ scan }) => scan! },
  { name: 'mamba2, chunks', growth: 2, cell: mamba2, scan: ({ forms }) => forms!.ssd!.scan },
  { name: 'attention, steps', growth: 4, cell: attention, scan: ({ scan }) => scan! },
  { name: BASELINE, growth: 4, cell: attention, scan: ({ forms }) => forms!.tiled!.scan },
];

export async function benchPrefill(report: Report, { options }: BenchContext): Promise<void> {
  const { seconds: secondsMax = SECONDS_MAX, repetitions = ROUNDS, rows: sizes = SIZES, clock = 'cpu' } = options;
  const [least] = sizes;
  for (const form of FORMS) prefill(form, least!)(); // the compiler sees every form once
  /** Seconds that a form took for the size before. */
  const took = new Map<string, number>();
  for (const [at, rows] of sizes.entries()) {
    const doublings = at === 0 ? 0 : Math.log2(rows / sizes[at - 1]!);
    const forecast = ({ name, growth }: Form): number => (took.get(name) ?? 0) * growth ** doublings;
    const runs = FORMS.filter((form) => forecast(form) <= secondsMax);
    const together = runs.reduce((sum, form) => sum + forecast(form), 0);
    const rounds = Math.max(1, Math.min(repetitions, Math.floor(SIZE_SECONDS / Math.max(together, 0.1))));
    const candidates = runs.map((form) => ({ name: form.name, run: prefill(form, rows) }));
    const timings = await interleave(candidates, { rounds, calls: 1, warmUp: false, clock });
    for (const form of FORMS) {
      const timing = timings.get(form.name);
      const estimate = forecast(form);
      took.set(form.name, timing ? timing.median / 1e6 : estimate);
      if (timing) reportForm(report, rows, timing, timings.get(BASELINE));
      else reportSkipped(report, rows, form, estimate, secondsMax);
    }
    reportStates(report, rows);
  }
}

/** The call that takes `rows` rows from a fresh state; the state is made outside of it. */
function prefill(form: Form, rows: number): () => void {
  const cell = form.cell(rows);
  const scan = form.scan(cell);
  const state = makeState(cell.layout);
  const random = seededRandom(rows);
  const x = Float32Array.from({ length: rows * WIDTH }, random);
  const y = new Float32Array(rows * WIDTH);
  return () => {
    cell.init(state);
    scan(state, x, y, rows);
  };
}

const inK = (rows: number): string => (rows % 1024 === 0 ? `${rows / 1024}K rows` : `${rows} rows`);

function reportForm(report: Report, rows: number, { name, ...timing }: Timing, baseline: Timing | undefined): void {
  const beside =
    baseline && name !== BASELINE ? { baseline: BASELINE, ratio: ratioOf({ name, ...timing }, baseline) } : {};
  report({
    section: 'prefill',
    name: `${inK(rows)}, ${name}`,
    value: timing.median / rows,
    unit: 'us/row',
    spread: [timing.spread[0] / rows, timing.spread[1] / rows],
    ...beside,
  });
}

function reportSkipped(report: Report, rows: number, { name }: Form, seconds: number, secondsMax: number): void {
  report({
    section: 'prefill',
    name: `${inK(rows)}, ${name}: not run, over ${secondsMax} s expected`,
    value: seconds,
    unit: 's expected',
  });
}

function reportStates(report: Report, rows: number): void {
  const [ours, theirs] = [stateBytes(mamba2().layout), stateBytes(attention(rows).layout)];
  const beside = { baseline: 'attention, full cache', ratio: ours / theirs };
  report({ section: 'prefill', name: `${inK(rows)}, mamba2, state`, value: ours, unit: 'bytes', ...beside });
  report({ section: 'prefill', name: `${inK(rows)}, attention, state`, value: theirs, unit: 'bytes' });
}

const MAMBA2: Mamba2Config = {
  ...{ dModel: WIDTH, dState: 16, dConv: 4, expand: 2, headDim: 16, nGroups: 1, eps: 1e-5 },
  dtLimit: [0, Infinity],
};

function mamba2(): Cell {
  const [inner, heads] = [2 * WIDTH, 8];
  const mixed = inner + 2 * 16;
  return mamba2Cell(
    randomWeights({
      'in_proj.weight': [inner + mixed + heads, WIDTH],
      'conv1d.weight': [mixed, 1, 4],
      'conv1d.bias': [mixed],
      dt_bias: [heads],
      A_log: [heads],
      D: [heads],
      'norm.weight': [inner],
      'out_proj.weight': [WIDTH, inner],
    }),
    '',
    MAMBA2,
  ) as Cell;
}

/** Full: its window is as long as the stream. */
function attention(rows: number): Cell {
  const square = [WIDTH, WIDTH];
  return attentionCell(
    randomWeights({
      'q_proj.weight': square,
      'k_proj.weight': square,
      'v_proj.weight': square,
      'o_proj.weight': square,
    }),
    '',
    { dModel: WIDTH, heads: 4, kvHeads: 4, headDim: WIDTH / 4, window: rows, theta: 10_000 },
  ) as Cell;
}

function randomWeights(shapes: Readonly<Record<string, readonly number[]>>): Weights {
  const random = seededRandom(1);
  const weights = new Map<string, Tensor>();
  for (const [name, shape] of Object.entries(shapes)) {
    const length = shape.reduce((product, size) => product * size, 1);
    weights.set(name, { shape, data: Float32Array.from({ length }, () => random() / 8) });
  }
  return weights;
}
