// What one call of each kernel costs, engine beside engine: nanoseconds and GFLOP/s. An engine is a list of kernels by the
// names of KERNELS (kernel-list.ts); one that lacks some is measured on the others. The first engine is the baseline.

import { interleave, ratioOf, type Timing } from './interleave.ts';
import { KERNELS, type KernelEngine, type KernelName } from './kernel-list.ts';
import { openEngines } from './open-engines.ts';
import { PLAIN_KERNELS } from './plain-kernels.ts';
import type { BenchOptions, Report, Section } from './record.ts';
import { simdKernels } from './simd-kernels.ts';

const PEAK: KernelName = 'multiply-add peak';
const ROUNDS = 15;
const ROUND_MS = 10;

export const benchKernels: Section = async (report, context) => {
  const simds = (await openEngines(context)).flatMap(({ simd }) => (simd ? [simdKernels(simd)] : []));
  await besideEachOther(report, [PLAIN_KERNELS, ...simds], context.options);
  for (const engine of simds) await besidePeak(report, engine, context.options);
};

async function besideEachOther(report: Report, engines: readonly KernelEngine[], options: BenchOptions): Promise<void> {
  const { repetitions = ROUNDS, roundMs = ROUND_MS, clock = 'cpu' } = options;
  for (const kernel of Object.keys(KERNELS) as KernelName[]) {
    const candidates = engines.flatMap(({ name, kernels }) => {
      const make = kernels[kernel];
      return make ? [{ name, run: make() }] : [];
    });
    const timings = await interleave(candidates, { rounds: repetitions, roundMs, clock });
    reportKernel(report, kernel, [...timings.values()]);
  }
}

/** Share of the engine's own peak, measured in the same turns. */
async function besidePeak(report: Report, { name, kernels }: KernelEngine, options: BenchOptions): Promise<void> {
  const { repetitions: rounds = ROUNDS, roundMs = ROUND_MS, clock = 'cpu' } = options;
  const names = (Object.keys(kernels) as KernelName[]).filter((kernel) => kernel.startsWith('mat'));
  const candidates = [PEAK, ...names].map((kernel) => ({ name: kernel, run: kernels[kernel]!() }));
  const timings = await interleave(candidates, { rounds, roundMs, clock });
  const peak = timings.get(PEAK)!;
  for (const kernel of names) {
    const share = (ratioOf(peak, timings.get(kernel)!) * KERNELS[kernel]) / KERNELS[PEAK];
    report({ section: 'kernels', name: `${kernel}, ${name}, of the peak`, value: 100 * share, unit: '%' });
  }
}

function reportKernel(report: Report, kernel: KernelName, timings: readonly Timing[]): void {
  const [first] = timings;
  for (const timing of timings) {
    const { name: engine, median, spread } = timing;
    const name = `${kernel}, ${engine}`;
    const beside = timing === first ? {} : { baseline: first!.name, ratio: ratioOf(timing, first!) };
    const ns = (us: number): number => 1000 * us;
    report({
      section: 'kernels',
      name,
      value: ns(median),
      unit: 'ns/call',
      spread: [ns(spread[0]), ns(spread[1])],
      ...beside,
    });
    const rate = (us: number): number => KERNELS[kernel] / ns(us);
    const faster = timing === first ? {} : { baseline: first!.name, ratio: ratioOf(first!, timing) };
    report({
      section: 'kernels',
      name,
      value: rate(median),
      unit: 'GFLOP/s',
      spread: [rate(spread[1]), rate(spread[0])],
      ...faster,
    });
  }
}
