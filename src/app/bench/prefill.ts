// A long beginning at once: rows through one layer 64 wide, a Mamba-2 mixer (N = 16) beside causal attention over all of
// them (4 heads, full cache), each row by row and in its fastest form. Time a row and bytes of state at 1K to 64K rows.
// What would take longer than --seconds (60) is not run; a record says so, with how long it would have taken.

import type { Cell } from '../../cell/cell.ts';
import { lowerCell } from '../../cell/lower-cell.ts';
import { makeNearState } from '../../cell/near-state.ts';
import { seededRandom } from '../../cell/seeded-random.ts';
import { stateBytes } from '../../cell/state.ts';
import type { Engine } from '../../pipeline/engine.ts';
import { interleave, ratioOf, type Timing } from './interleave.ts';
import { openEngines } from './open-engines.ts';
import { attentionLayer, mamba2Layer, WIDTH } from './random-models.ts';
import type { BenchContext, Report } from './record.ts';

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
  { name: 'mamba2, steps', growth: 2, cell: mamba2Layer, scan: ({ scan }) => scan! },
  { name: 'mamba2, chunks', growth: 2, cell: mamba2Layer, scan: ({ forms }) => forms!.ssd!.scan },
  { name: 'attention, steps', growth: 4, cell: attentionLayer, scan: ({ scan }) => scan! },
  { name: BASELINE, growth: 4, cell: attentionLayer, scan: ({ forms }) => forms!.tiled!.scan },
];

/** The lowered scan of the mixer, and of attention once it has one. */
function formsOn({ name, simd }: Engine): Form[] {
  if (!simd) return [];
  const lowered: Form[] = [
    { name: `mamba2, ${name}`, growth: 2, cell: mamba2Layer, scan: ({ scan }) => scan! },
    { name: `attention, ${name}`, growth: 4, cell: attentionLayer, scan: ({ scan }) => scan! },
  ];
  return lowered
    .filter(({ cell }) => cell(1).lower)
    .map((form) => ({ ...form, cell: (rows) => lowerCell(form.cell(rows), simd) }));
}

export async function benchPrefill(report: Report, context: BenchContext): Promise<void> {
  const forms = [...FORMS, ...(await openEngines(context)).flatMap(formsOn)];
  const {
    seconds: secondsMax = SECONDS_MAX,
    repetitions = ROUNDS,
    rows: sizes = SIZES,
    clock = 'cpu',
  } = context.options;
  const [least] = sizes;
  for (const form of forms) {
    const first = prefill(form, least!);
    first.run(); // the compiler sees every form once
    first.release();
  }
  /** Seconds that a form took for the size before. */
  const took = new Map<string, number>();
  for (const [at, rows] of sizes.entries()) {
    const doublings = at === 0 ? 0 : Math.log2(rows / sizes[at - 1]!);
    const forecast = ({ name, growth }: Form): number => (took.get(name) ?? 0) * growth ** doublings;
    const runs = forms.filter((form) => forecast(form) <= secondsMax);
    const together = runs.reduce((sum, form) => sum + forecast(form), 0);
    const rounds = Math.max(1, Math.min(repetitions, Math.floor(SIZE_SECONDS / Math.max(together, 0.1))));
    const candidates = runs.map((form) => ({ name: form.name, ...prefill(form, rows) }));
    const timings = await interleave(candidates, { rounds, calls: 1, warmUp: false, clock });
    for (const { release } of candidates) release();
    for (const form of forms) {
      const timing = timings.get(form.name);
      const estimate = forecast(form);
      took.set(form.name, timing ? timing.median / 1e6 : estimate);
      if (timing) reportForm(report, rows, timing, timings.get(BASELINE));
      else reportSkipped(report, rows, form, estimate, secondsMax);
    }
    reportStates(report, rows);
  }
}

/** `run` takes `rows` rows from a fresh state, in memory that is there already. */
function prefill(form: Form, rows: number): { readonly run: () => void; readonly release: () => void } {
  const cell = form.cell(rows);
  const scan = form.scan(cell);
  const near = makeNearState(cell.layout);
  const random = seededRandom(rows);
  const x = Float32Array.from({ length: rows * WIDTH }, random);
  const y = new Float32Array(rows * WIDTH);
  const run = (): void => {
    cell.init(near.state);
    scan(near.state, x, y, rows);
  };
  return { run, release: () => near.release() };
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
  const [ours, theirs] = [stateBytes(mamba2Layer().layout), stateBytes(attentionLayer(rows).layout)];
  const beside = { baseline: 'attention, full cache', ratio: ours / theirs };
  report({ section: 'prefill', name: `${inK(rows)}, mamba2, state`, value: ours, unit: 'bytes', ...beside });
  report({ section: 'prefill', name: `${inK(rows)}, attention, state`, value: theirs, unit: 'bytes' });
}
