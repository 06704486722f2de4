// What one call of each kernel costs, engine beside engine: nanoseconds and GFLOP/s. An engine is a list of kernels by the
// names of KERNELS (kernel-list.ts); one that lacks some is measured on the others. The first engine is the baseline.

import { interleave, ratioOf, type Timing } from './interleave.ts';
import { KERNELS, type KernelEngine, type KernelName } from './kernel-list.ts';
import { PLAIN_KERNELS } from './plain-kernels.ts';
import type { Report, Section } from './record.ts';

const ENGINES: readonly (() => KernelEngine | Promise<KernelEngine>)[] = [() => PLAIN_KERNELS];
const ROUNDS = 15;
const ROUND_MS = 10;

export const benchKernels: Section = async (report, { options }) => {
  const engines = await Promise.all(ENGINES.map((open) => open()));
  const { repetitions = ROUNDS, roundMs = ROUND_MS, clock = 'cpu' } = options;
  for (const kernel of Object.keys(KERNELS) as KernelName[]) {
    const candidates = engines.flatMap(({ name, kernels }) => {
      const make = kernels[kernel];
      return make ? [{ name, run: make() }] : [];
    });
    const timings = await interleave(candidates, { rounds: repetitions, roundMs, clock });
    reportKernel(report, kernel, [...timings.values()]);
  }
};

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
