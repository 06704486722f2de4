// A fleet as an earlier process left it in a folder, or a new one. Checkpoints first, then what the journal has behind them:
// the same rows in the same order lead to the same states and the same results, and those that are out are not said again.
//   <folder>/lock   <folder>/streams (store/file-store.ts)   <folder>/journal (journal.ts)

import { join } from 'node:path';
import { Fleet, type FleetOptions } from './fleet.ts';
import type { OpenedJournal } from './journal.ts';
import type { ResultSink } from './result-sink.ts';

export interface OpenedFleet {
  readonly fleet: Fleet;
  readonly sink: ResultSink;
  /** Where the source stood, as its last message said. */
  readonly at: unknown;
  /** Records that the journal held. */
  readonly replayed: number;
  close(): Promise<void>;
}

/** @param keep bytes of a file of results that stay; undefined: there was no process before */
export type OpenSink = (keep: number | undefined) => Promise<ResultSink>;

/** A checkpoint is no cache: nothing in the folder is removed for its age or size. */
const KEPT = { ageMsMax: Infinity, bytesMax: Infinity };

/**
 * @param folder absent: nothing survives the process
 * @throws ERR_STORE_FAILED, ERR_STATE_DAMAGED, ERR_STATE_MODEL for a folder of another pipeline, model or options
 */
export async function openFleet(
  options: Omit<FleetOptions, 'disk' | 'sink'>,
  openSink: OpenSink,
  folder?: string,
): Promise<OpenedFleet> {
  if (folder === undefined) {
    const sink = await openSink(undefined);
    return { fleet: new Fleet({ ...options, sink }), sink, at: undefined, replayed: 0, close: () => sink.end() };
  }
  // What keeps nothing does not load what could.
  const [{ fileStore }, { openJournal }, { lockFile }, { decodeStreamState, isStreamKey }] = await Promise.all([
    import('../../store/file-store.ts'),
    import('./journal.ts'),
    import('./lock.ts'),
    import('./stream-state.ts'),
  ]);
  const store = await fileStore(join(folder, 'streams'), KEPT);
  const lock = await lockFile(join(folder, 'lock'));
  try {
    const { epoch } = await store.claim('fleet');
    const opened = await openJournal(join(folder, 'journal'));
    const { journal } = opened;
    const left = await survey(opened);
    const sink = await openSink(journal.next === 0 ? undefined : (left.out?.[1] ?? 0));
    const fleet = new Fleet({ ...options, sink, disk: { store, epoch, journal } });
    for (const { key } of await store.list()) {
      const stored = isStreamKey(key) ? await store.get(key) : undefined;
      if (stored) fleet.restore(decodeStreamState(stored.bytes));
    }
    const replayed = await replay(fleet, opened, left.out?.[0] ?? 0);
    fleet.reconnected();
    const close = async (): Promise<void> => {
      await sink.end();
      await journal.close();
      await lock.release();
    };
    return { fleet, sink, at: left.at, replayed, close };
  } catch (thrown) {
    await lock.release();
    throw thrown;
  }
}

interface Left {
  at?: unknown;
  out?: readonly [number, number];
}

async function survey({ entries }: OpenedJournal): Promise<Left> {
  const left: Left = {};
  for await (const { record } of entries()) {
    if (record.at !== undefined) left.at = record.at;
    if (record.out) left.out = record.out;
  }
  return left;
}

async function replay(fleet: Fleet, { entries }: OpenedJournal, out: number): Promise<number> {
  let records = 0;
  for await (const { position, record } of entries()) {
    records++;
    await fleet.replay(position, record, position < out);
  }
  return records;
}
