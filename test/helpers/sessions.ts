// Runs whole streams through a session, the way the CLI and the server do, and says what came out.

import { micros, streamId } from '../../src/base/units.ts';
import type { Snapshot } from '../../src/item/snapshot.ts';
import type { LoadedPipeline } from '../../src/pipeline/connect.ts';
import type { StreamFormat } from '../../src/pipeline/define-pipeline.ts';
import { Session } from '../../src/session/session.ts';
import type { Output, SessionOptions, SessionSummary } from '../../src/session/session-options.ts';

export interface StreamRun {
  readonly session: Session;
  readonly outputs: Output[];
}

let now = 0;
/** Every look at the clock is a microsecond later: time moves, and never because the machine was busy. */
export const testClock = { now: () => micros(now++) };

export function openSession(
  loaded: LoadedPipeline,
  source: StreamFormat,
  more: Partial<Omit<SessionOptions, 'snapshot'>> & { readonly snapshot?: Snapshot } = {},
): StreamRun {
  const outputs: Output[] = [];
  const session = new Session({
    id: streamId('test'),
    loaded,
    source,
    clock: testClock,
    onOutput: (output) => outputs.push(output),
    onError: (error) => {
      throw error;
    },
    ...more,
  });
  return { session, outputs };
}

/** Feeds `data` cut at `cuts` (row numbers, ascending), then ends the stream. */
export async function runSession(
  loaded: LoadedPipeline,
  source: StreamFormat,
  data: Float32Array,
  cuts: readonly number[] = [],
): Promise<StreamRun & { readonly summary: SessionSummary }> {
  const run = openSession(loaded, source);
  await feed(run.session, data, source.width, cuts);
  run.session.mark('end');
  await run.session.idle();
  return { ...run, summary: run.session.summary() };
}

export async function feed(
  session: Session,
  data: Float32Array,
  width: number,
  cuts: readonly number[] = [],
): Promise<void> {
  const edges = [0, ...cuts, data.length / width];
  for (let i = 1; i < edges.length; i++) {
    session.rows(data.slice(edges[i - 1]! * width, edges[i]! * width));
    await session.idle();
  }
}

/** Results and gaps as one list of [from, to), which must cover the stream without overlap. */
export function spans(outputs: readonly Output[]): [number, number][] {
  return outputs.map(({ item }) => [item.from, item.to] as [number, number]).filter(([from, to]) => to > from);
}

export function covers(outputs: readonly Output[], rows: number): boolean {
  let at = 0;
  for (const [from, to] of spans(outputs)) {
    if (from !== at) return false;
    at = to;
  }
  return at === rows;
}

/** `count` ascending row numbers inside a stream of `rows`. */
export function randomCuts(rows: number, count: number, random: () => number): number[] {
  return [...new Set(Array.from({ length: count }, () => Math.floor(random() * rows)))].sort((a, b) => a - b);
}
