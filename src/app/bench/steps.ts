// What one 10 ms hop costs: the stack alone and the whole vad pipeline, SSM beside its attention twin, in turns so that a
// change of the machine's speed meets both. Medians of rounds.

import { streamId } from '../../base/units.ts';
import { makeState } from '../../cell/state.ts';
import { buildStack } from '../../pipeline/build-stack.ts';
import { Session } from '../../session/session.ts';
import { systemClock } from '../clock.ts';
import { openPackagedModel, openPipelineOrFile } from '../open-pipeline.ts';
import { quantile } from '../print.ts';
import type { Report } from './record.ts';

const ROUNDS = 15;
const HOPS = 400;

export async function benchSteps(report: Report): Promise<void> {
  const cells = ['ssm', 'attention'] as const;
  const runs = new Map<string, () => void>();
  const bytes = new Map<string, number>();
  for (const name of cells) {
    const cell = buildStack(await openPackagedModel(`vad-${name}`));
    const state = makeState(cell.layout);
    cell.init(state);
    bytes.set(name, state.bytes.length);
    const x = Float32Array.from({ length: cell.dIn }, (_, i) => (i % 7) - 8);
    const y = new Float32Array(cell.dOut);
    runs.set(`stack, ${name}`, () => cell.step(state, x, y));
    const loaded = await openPipelineOrFile('vad', { cell: name });
    const hop = Float32Array.from({ length: 160 }, (_, i) => ((i * 37) % 100) / 500 - 0.1);
    const source = { rateHz: 16_000, width: 1 };
    const session = new Session({ id: streamId(name), loaded, source, clock: systemClock, onOutput: () => undefined });
    runs.set(`vad, ${name}`, () => {
      session.rows(hop);
      session.work();
    });
  }
  const costs = new Map([...runs.keys()].map((name) => [name, [] as number[]]));
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [name, run] of runs) {
      const started = performance.now();
      for (let i = 0; i < HOPS; i++) run();
      if (round > 0) costs.get(name)!.push((1000 * (performance.now() - started)) / HOPS); // the first round warms up
    }
  }
  const median = (name: string): number => quantile(costs.get(name)!, 0.5);
  for (const name of runs.keys()) {
    const baseline = name.replace('ssm', 'attention');
    const compared = baseline === name ? {} : { baseline, ratio: median(name) / median(baseline) };
    report({ section: 'steps', name, value: median(name), unit: 'us/hop', ...compared });
  }
  for (const name of cells)
    report({ section: 'steps', name: `state, ${name}`, value: bytes.get(name)!, unit: 'bytes' });
}
