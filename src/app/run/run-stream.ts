// One stream from a source through a session, in this process: what `run` and `demo` share. A live source is cut to the
// pipeline's hop, so latency means the same here as in the server; a file comes in large pieces, so that cells scan.

import { type EngineError, engineError } from '../../base/errors.ts';
import { streamId } from '../../base/units.ts';
import type { Snapshot } from '../../item/snapshot.ts';
import type { LoadedPipeline } from '../../pipeline/connect.ts';
import { Session } from '../../session/session.ts';
import type { Output, SessionSummary } from '../../session/session-options.ts';
import { systemClock } from '../clock.ts';
import type { Source } from '../source/source.ts';
import { type Piece, pieces } from './pieces.ts';

export interface ChunkSeen extends Piece {
  /** Microseconds until everything the chunk led to had come out. */
  readonly us: number;
  /** Hops of the pipeline in it, 1 at least. */
  readonly hops: number;
}

/**
 * Hops of a file given to the session at once, at most; a block of a wav file is 100 of 10 ms at 16 kHz. Measured, vad on
 * kernels of WebAssembly, CPU a hop: pieces of 1 hop 29.0 µs, 8 26.3, 64 24.8, 128 24.7, 512 23.7, 2,048 23.7.
 */
export const FILE_PIECE_HOPS = 128;

export interface StreamRun {
  readonly loaded: LoadedPipeline;
  readonly source: Source;
  readonly onOutput: (output: Output) => void;
  readonly onChunk?: (chunk: ChunkSeen) => void;
  /** Rows refused at the door because they hold NaN or Infinity. */
  readonly onRefused?: (rows: number) => void;
  /** Go on from here: rows before its offset are read and passed over. */
  readonly resume?: Snapshot;
  /** Stop before this source row, without ending the stream. */
  readonly untilRow?: number;
  /** Waits for a slow reader of the outputs: until it has come back, nothing more is read. */
  readonly drained?: () => Promise<void>;
  /** Stop between two pieces, without ending the stream. */
  readonly signal?: AbortSignal;
  /** Hops in a piece at most. Default: 1 of a live source, `FILE_PIECE_HOPS` of a file. Any number gives the same results. */
  readonly pieceHops?: number;
}

export interface StreamResult {
  readonly summary: SessionSummary;
  readonly stateBytes: number;
  /** False when `untilRow` or `signal` stopped it. */
  readonly ended: boolean;
  /** Where the stream stands: at its end, or where it was stopped. */
  readonly snapshot: Snapshot;
}

export async function runStream(run: StreamRun): Promise<StreamResult> {
  const { loaded, source, resume, untilRow = Infinity, signal } = run;
  let failure: EngineError | undefined;
  const session = new Session({
    id: streamId('run'),
    loaded,
    source: formatOf(source, loaded),
    clock: systemClock,
    onOutput: run.onOutput,
    onError: (error) => {
      failure = error;
    },
    ...(resume ? { snapshot: resume } : {}),
    ...(run.onRefused ? { onFault: run.onRefused } : {}),
  });
  for await (const piece of piecesOf(run)) {
    if (piece.at >= untilRow || signal?.aborted) break;
    await feed(session, upTo(piece, untilRow, source.width), run);
    if (failure) throw failure;
    await run.drained?.();
    if (!source.live) await turnOfTheLoop();
  }
  const ended = !signal?.aborted && session.next < untilRow;
  if (ended) session.mark('end');
  await session.idle();
  if (failure) throw failure;
  const result = { ended, summary: session.summary(), stateBytes: session.stateBytes, snapshot: session.snapshot() };
  session.close();
  return result;
}

function piecesOf({ source, loaded, resume, pieceHops }: StreamRun): AsyncIterable<Piece> {
  const rowsMax = hopRowsOf(source, loaded) * (pieceHops ?? (source.live ? 1 : FILE_PIECE_HOPS));
  const first = resume?.offset ?? 0;
  const blocks = first > 0 ? source.blocksFrom?.(first) : undefined;
  if (blocks) return pieces(blocks, source.width, rowsMax, first, first);
  return pieces(source.blocks(), source.width, rowsMax, first);
}

async function feed(session: Session, piece: Piece, run: StreamRun): Promise<void> {
  const started = systemClock.now();
  if (piece.missing > 0) session.gap(piece.missing, piece.why);
  else session.rows(piece.rows, piece.times);
  await session.idle();
  const rows = piece.rows.length / run.source.width;
  const hops = Math.max(1, rows / hopRowsOf(run.source, run.loaded));
  run.onChunk?.({ ...piece, us: systemClock.now() - started, hops });
}

/** A file in memory never waits by itself; signals and timers come only when somebody does. */
const turnOfTheLoop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function upTo(piece: Piece, row: number, width: number): Piece {
  if (piece.missing > 0) return { ...piece, missing: Math.min(piece.missing, row - piece.at) };
  const count = Math.min(piece.rows.length / width, row - piece.at);
  const times = piece.times ? { times: piece.times.subarray(0, count) } : {};
  return { ...piece, rows: piece.rows.subarray(0, count * width), ...times };
}

/** What the session is told of the source. @throws ERR_FORMAT_UNSUPPORTED for audio into a sensor pipeline or the reverse */
function formatOf(source: Source, { pipeline }: LoadedPipeline): { rateHz: number; width: number } {
  if (source.kind === pipeline.input.kind) return { rateHz: source.rateHz, width: source.width };
  const expected =
    pipeline.input.kind === 'audio' ? 'an audio file, mic, or raw samples on -' : 'a CSV file, cpu, or CSV on -';
  throw engineError('ERR_FORMAT_UNSUPPORTED', `${pipeline.name} does not take ${source.kind} rows`, { expected });
}

/** Rows of the source in one hop of the pipeline. */
export function hopRowsOf(source: { readonly rateHz: number }, { pipeline: { input } }: LoadedPipeline): number {
  if (input.kind === 'sensor') return input.hopRows;
  return Math.max(1, Math.round((input.hopRows * source.rateHz) / input.rateHz));
}
