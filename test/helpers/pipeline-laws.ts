// The laws of a whole pipeline over mono audio, each a function that expects: any chunking, streams apart, snapshots anywhere,
// a gap in one piece or in many. Cells and stages have laws of their own (src/cell/laws.ts, run-stage.ts).

import { expect } from 'vitest';
import type { LoadedPipeline } from '../../src/pipeline/connect.ts';
import type { StreamFormat } from '../../src/pipeline/define-pipeline.ts';
import type { Output, SessionSummary } from '../../src/session/session-options.ts';
import { seeded } from './items.ts';
import { feed, openSession, randomCuts, runSession, type StreamRun } from './sessions.ts';

const MONO = { rateHz: 16_000, width: 1 };

/** 1,000 random chunkings of the piece have one digest. Resolves to the run in one piece. */
export async function expectAnyChunking(loaded: LoadedPipeline, piece: Float32Array): Promise<StreamRun> {
  const whole = await runSession(loaded, MONO, piece);
  const random = seeded(7);
  for (let i = 0; i < 1000; i++) {
    const { summary } = await runSession(loaded, MONO, piece, randomCuts(piece.length, 1 + (i % 30), random));
    if (summary.digest !== whole.summary.digest) expect(summary, `chunking ${i}`).toEqual(whole.summary);
  }
  return whole;
}

/** Streams fed by turns, 333 rows each time, give what each gives alone. */
export async function expectStreamsApart(loaded: LoadedPipeline, pieces: readonly Float32Array[]): Promise<void> {
  const alone = await Promise.all(pieces.map((piece) => runSession(loaded, MONO, piece)));
  const together = pieces.map(() => openSession(loaded, MONO));
  for (let at = 0; at < Math.max(...pieces.map(({ length }) => length)); at += 333) {
    for (const [i, { session }] of together.entries()) await feed(session, pieces[i]!.slice(at, at + 333), 1);
  }
  for (const [i, { session }] of together.entries()) {
    session.mark('end');
    await session.idle();
    expect(session.summary()).toEqual(alone[i]!.summary);
  }
}

/** What happens to a stream: rows up to this one of the piece, rows that do not come, a reset. */
export type Step = { readonly upTo: number } | { readonly lost: number } | 'reset';

export interface ResumeTrials {
  /** Random rows, each a snapshot and another session. */
  readonly trials: number;
  /** Default 44,100: resampling is part of it. */
  readonly rateHz?: number;
  /** What else holds of the outputs of every run, before and behind the snapshot together. */
  readonly check?: (outputs: readonly Output[]) => void;
}

/** A snapshot at any row goes on to the summary of the undisturbed stream, to which it resolves. */
export async function expectResumesAnywhere(
  loaded: LoadedPipeline,
  piece: Float32Array,
  steps: readonly Step[],
  { trials, rateHz = 44_100, check = () => undefined }: ResumeTrials,
): Promise<SessionSummary> {
  const run = async (splitAt: number): Promise<SessionSummary> => {
    const { outputs, summary } = await drive(loaded, { rateHz, width: 1 }, piece, steps, splitAt);
    check(outputs);
    return summary;
  };
  const whole = await run(piece.length);
  const random = seeded(3);
  for (let i = 0; i < trials; i++) {
    expect(await run(1 + Math.floor(random() * (piece.length - 2)))).toEqual(whole);
  }
  return whole;
}

async function drive(
  loaded: LoadedPipeline,
  source: StreamFormat,
  piece: Float32Array,
  steps: readonly Step[],
  splitAt: number,
): Promise<{ readonly outputs: readonly Output[]; readonly summary: SessionSummary }> {
  const before: Output[] = [];
  let { session, outputs } = openSession(loaded, source);
  let at = 0;
  for (const step of steps) {
    if (step === 'reset') session.mark('reset');
    else if ('lost' in step) session.gap(step.lost, 'lost');
    else {
      const middle = splitAt > at && splitAt < step.upTo ? splitAt : step.upTo;
      await feed(session, piece.slice(at, middle), 1);
      if (middle < step.upTo) {
        const snapshot = structuredClone(session.snapshot());
        session.close();
        before.push(...outputs);
        ({ session, outputs } = openSession(loaded, source, { snapshot }));
        await feed(session, piece.slice(middle, step.upTo), 1);
      }
      at = step.upTo;
    }
  }
  session.mark('end');
  await session.idle();
  return { outputs: [...before, ...outputs], summary: session.summary() };
}

/** 5,000 rows that do not come, declared at once or in four pieces: the same summary, to which it resolves. */
export async function expectGapInPieces(
  loaded: LoadedPipeline,
  before: Float32Array,
  after: Float32Array,
): Promise<SessionSummary> {
  const driveGap = async (lengths: readonly number[]): Promise<SessionSummary> => {
    const { session } = openSession(loaded, MONO);
    await feed(session, before, 1);
    for (const rows of lengths) session.gap(rows, 'client');
    await feed(session, after, 1);
    session.mark('end');
    await session.idle();
    return session.summary();
  };
  const whole = await driveGap([5000]);
  expect(await driveGap([100, 1, 899, 4000])).toEqual(whole);
  return whole;
}
