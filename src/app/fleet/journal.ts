// What was accepted, in order, on the disk: what `append` returned for survives kill -9 and a power cut. Records that come
// while the disk is busy are written and synced together, so a slow disk makes larger groups and not a longer queue.
// Old segments go once every stream has a checkpoint behind them (fleet.ts). Layout: journal-file.ts.

import { type FileHandle, mkdir, open, readdir, readFile, rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { engineError } from '../../base/errors.ts';
import { guarded, syncFolder } from '../../store/disk.ts';
import { decodeRecords, encodeRecord } from './journal-file.ts';

/** A row as [key, microseconds, ...values], null for a missing value. */
export type JournalRow = readonly [string, number, ...(number | null)[]];

export interface JournalRecord {
  readonly rows?: readonly JournalRow[];
  /** Number and checksum of the message that the rows came in (redelivery.ts). */
  readonly id?: readonly [number, number];
  /** Where the source stands behind this message; what it means is the source's affair. */
  readonly at?: unknown;
  /** The results of all records before position [0] have left; a file of them was [1] bytes long. */
  readonly out?: readonly [number, number];
}

export interface JournalEntry {
  readonly position: number;
  readonly record: JournalRecord;
}

export interface Journal {
  /** The position of the record that comes next. */
  readonly next: number;
  /** @returns its position, once it is on the disk; in the order of the calls. @throws ERR_STORE_FAILED, from then on always */
  append(record: JournalRecord): Promise<number>;
  /** Records before `position` are no longer needed. */
  trim(position: number): Promise<void>;
  close(): Promise<void>;
}

export interface OpenedJournal {
  readonly journal: Journal;
  /** What earlier processes left, in order; may be read more than once, before the first append. */
  readonly entries: () => AsyncGenerator<JournalEntry>;
}

interface Segment {
  readonly path: string;
  readonly first: number;
}

const SEGMENT_BYTES = 4 * 1024 * 1024;
const NAME = /^(\d{16})\.journal$/;

/** The folder is made when it is missing. @throws ERR_STORE_FAILED, ERR_STATE_DAMAGED */
export async function openJournal(folder: string, segmentBytes = SEGMENT_BYTES): Promise<OpenedJournal> {
  await guarded(() => mkdir(folder, { recursive: true }));
  const segments = await guarded(() => segmentsIn(folder));
  const next = await guarded(() => mend(segments));
  const old = [...segments];
  async function* entries(): AsyncGenerator<JournalEntry> {
    for (const { path, first } of old) {
      const { records } = decodeRecords(await guarded(() => readFile(path)));
      for (const [i, record] of records.entries()) yield { position: first + i, record: record as JournalRecord };
    }
  }
  return { journal: createJournal(folder, segments, next, segmentBytes), entries };
}

async function segmentsIn(folder: string): Promise<Segment[]> {
  const names = (await readdir(folder)).sort();
  return names.flatMap((name) => {
    const found = NAME.exec(name);
    return found ? [{ path: join(folder, name), first: Number(found[1]) }] : [];
  });
}

/** Cuts off what a crash left half written. @returns the position behind the last whole record */
async function mend(segments: readonly Segment[]): Promise<number> {
  let next = segments[0]?.first ?? 0;
  for (const { path, first } of segments) {
    if (first !== next) {
      throw engineError('ERR_STATE_DAMAGED', `the journal lacks records ${next} to ${first}`, {
        expected: 'all files of the folder as they were, or an empty folder to start anew',
      });
    }
    const file = await readFile(path);
    const { records, bytes } = decodeRecords(file);
    if (bytes < file.length) await truncate(path, bytes);
    next = first + records.length;
  }
  return next;
}

interface Waiting {
  readonly bytes: Uint8Array;
  readonly position: number;
  resolve(position: number): void;
  reject(error: unknown): void;
}

function createJournal(folder: string, segments: Segment[], start: number, segmentBytes: number): Journal {
  let next = start;
  let waiting: Waiting[] = [];
  let file: FileHandle | undefined;
  let written = 0;
  let failed: unknown;
  let writing: Promise<void> = Promise.resolve();
  let busy = false;

  async function fileFor(position: number): Promise<FileHandle> {
    if (file && written < segmentBytes) return file;
    await file?.close();
    const path = join(folder, `${String(position).padStart(16, '0')}.journal`);
    file = await open(path, 'w', 0o600);
    await syncFolder(folder);
    if (segments.at(-1)?.path !== path) segments.push({ path, first: position }); // an empty one that a crash left
    written = 0;
    return file;
  }
  async function writeAll(): Promise<void> {
    while (waiting.length > 0) {
      const group = waiting;
      waiting = [];
      try {
        if (failed) throw failed;
        const target = await fileFor(group[0]!.position);
        await target.writeFile(Buffer.concat(group.map(({ bytes }) => bytes)));
        await target.datasync();
        written += group.reduce((sum, { bytes }) => sum + bytes.length, 0);
        for (const { resolve, position } of group) resolve(position);
      } catch (thrown) {
        failed = thrown;
        for (const { reject } of group) reject(thrown);
      }
    }
    busy = false;
  }
  return {
    get next() {
      return next;
    },
    append(record) {
      const position = next++;
      const bytes = encodeRecord(record);
      const done = new Promise<number>((resolve, reject) => waiting.push({ bytes, position, resolve, reject }));
      if (!busy) {
        busy = true;
        writing = writeAll();
      }
      return guarded(() => done);
    },
    async trim(position) {
      // The last two stay: they tell which messages may be sent again.
      while (segments.length > 2 && segments[1]!.first <= position) {
        const { path } = segments.shift()!;
        await guarded(() => rm(path, { force: true }));
      }
    },
    async close() {
      await writing;
      await file?.close();
    },
  };
}
