// A state store in a folder, for one machine and any number of processes: what `put` returned for survives kill -9 and, as
// far as the disk keeps its word, a power cut (write beside, fsync, rename, fsync the folder). One folder a key:
//   <folder>/<key, percent-encoded>/<epoch>.claim   empty; made with O_EXCL, so that one process wins: the compare-and-set
//                                   <epoch>.state   the value (state-file.ts), replaced by rename, written by its owner only
//                                   <epoch>.new     a value being written; what a crash leaves is removed later
// A put looks for a higher claim after its rename, a claim reads values after it was made: of the two, one sees the other.

import { mkdir, readdir, readFile, rename, rm, rmdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { checkKey, checkValue, dueForSweep, fenced } from './bounds.ts';
import { createExclusive, errnoOf, guarded, syncFolder, writeSynced } from './disk.ts';
import { decodeStateFile, encodeStateFile } from './state-file.ts';
import {
  DEFAULT_STORE_BOUNDS,
  type StateStore,
  type StoreBounds,
  type StoredEntry,
  type StoredState,
  type SweepReport,
} from './state-store.ts';

/** Claims of one key that collide, and folders that a sweep removes under our feet: each try loses to another's success. */
const TRIES_MAX = 100;

/** What a key's folder holds. */
interface Holding {
  readonly files: readonly { readonly name: string; readonly epoch: number; readonly kind: string }[];
  /** The highest there is; 0: nobody ever claimed the key. */
  readonly epoch: number;
  /** The newest value's file. */
  readonly state: string | undefined;
}

/** The folder is made when it is missing. @throws ERR_STORE_FAILED @param nowMs wall clock; for tests */
export async function fileStore(
  folder: string,
  bounds: Partial<StoreBounds> = {},
  nowMs: () => number = Date.now,
): Promise<StateStore> {
  const limits = { ...DEFAULT_STORE_BOUNDS, ...bounds };
  await guarded(() => mkdir(folder, { recursive: true }));
  /** Bytes put since the last sweep. */
  let written = 0;
  const folderOf = (key: string): string => {
    checkKey(key);
    return join(folder, encodeURIComponent(key).replaceAll('.', '%2E'));
  };
  return {
    list: () => guarded(async () => (await scan(folder)).filter(({ bytes }) => bytes > 0)),
    claim: (key, from) => guarded(() => claim(folder, folderOf(key), key, from)),
    put(key, epoch, bytes) {
      return guarded(async () => {
        const place = folderOf(key);
        checkValue(bytes, limits);
        await put(folder, place, epoch, encodeStateFile(key, { epoch, bytes }));
        written += bytes.length;
        if (written > limits.bytesMax * SWEEP_SHARE) await sweep();
      });
    },
    get(key) {
      return guarded(async () => {
        const held = await look(folderOf(key));
        const stored = await readState(folderOf(key), key, held.state);
        return stored && { epoch: held.epoch, bytes: stored.bytes };
      });
    },
    delete(key, epoch) {
      return guarded(async () => {
        const held = await look(folderOf(key));
        if (held.epoch > epoch) throw fenced(epoch, held.epoch);
        await removeValue(folderOf(key), held);
      });
    },
    sweep,
  };

  function sweep(): Promise<SweepReport> {
    written = 0;
    return guarded(() => sweepFolder(folder, limits, nowMs(), folderOf));
  }
}

/** This share of the bound may be written before a sweep is due, whatever the clock says. */
const SWEEP_SHARE = 1 / 8;

async function sweepFolder(folder: string, limits: StoreBounds, now: number, folderOf: (key: string) => string) {
  const entries = await scan(folder);
  const values = entries.filter(({ bytes }) => bytes > 0);
  const { remove, report } = dueForSweep(values, limits, now);
  for (const { key } of remove) await removeValue(folderOf(key), await look(folderOf(key)));
  for (const { key, bytes, savedMs } of entries) {
    if (bytes === 0 && now - savedMs > limits.ageMsMax) await removeKey(folderOf(key));
  }
  return report;
}

async function claim(folder: string, place: string, key: string, from: number | undefined) {
  for (let tries = 0; ; tries++) {
    const held = await look(place);
    if (from !== undefined && from !== held.epoch) throw fenced(from, held.epoch);
    const epoch = held.epoch + 1; // the next one and no other: of two who saw the same, O_EXCL lets one through
    try {
      await makePlace(folder, place);
      await createExclusive(join(place, `${epoch}.claim`));
    } catch (thrown) {
      if (!['EEXIST', 'ENOENT'].includes(errnoOf(thrown)) || tries === TRIES_MAX) throw thrown;
      continue;
    }
    await syncFolder(place);
    const now = await look(place);
    const stored = await readState(place, key, now.state).catch((thrown: unknown) => {
      if (errnoOf(thrown) !== 'ENOENT') throw thrown;
      throw fenced(epoch, epoch + 1); // a later owner has put already, and removed what it followed
    });
    return { epoch, bytes: stored?.bytes };
  }
}

async function put(folder: string, place: string, epoch: number, file: Uint8Array): Promise<void> {
  for (let tries = 0; ; tries++) {
    const before = await look(place);
    if (before.epoch > epoch) throw fenced(epoch, before.epoch);
    try {
      if (before.epoch < epoch) {
        // Swept meanwhile, or deleted: nobody else owns it.
        await makePlace(folder, place);
        await createExclusive(join(place, `${epoch}.claim`));
      }
      const fresh = join(place, `${epoch}.new`);
      await writeSynced(fresh, file);
      await rename(fresh, join(place, `${epoch}.state`));
      await syncFolder(place);
      break;
    } catch (thrown) {
      if (!['EEXIST', 'ENOENT'].includes(errnoOf(thrown)) || tries === TRIES_MAX) throw thrown;
    }
  }
  const after = await look(place);
  if (after.epoch > epoch) throw fenced(epoch, after.epoch);
  for (const { name, epoch: other } of after.files) if (other < epoch) await rm(join(place, name), { force: true });
}

async function makePlace(folder: string, place: string): Promise<void> {
  if (await mkdir(place, { recursive: true })) await syncFolder(folder);
}

async function look(place: string): Promise<Holding> {
  const names = await readdir(place).catch((thrown: unknown) => {
    if (errnoOf(thrown) === 'ENOENT') return [];
    throw thrown;
  });
  const files = names
    .map((name) => ({ name, match: /^(\d{1,16})\.(claim|state|new)$/.exec(name) }))
    .flatMap(({ name, match }) => (match ? [{ name, epoch: Number(match[1]), kind: match[2]! }] : []))
    .sort((a, b) => a.epoch - b.epoch);
  return {
    files,
    epoch: files.at(-1)?.epoch ?? 0,
    state: files.findLast(({ kind }) => kind === 'state')?.name,
  };
}

async function readState(place: string, key: string, name: string | undefined): Promise<StoredState | undefined> {
  return name === undefined ? undefined : decodeStateFile(key, await readFile(join(place, name)));
}

/** The last claim stays, so that an owner of old does not meet its own epoch when the key is used again. */
async function removeValue(place: string, { files, epoch }: Holding): Promise<void> {
  for (const { name, kind, epoch: of } of files) {
    if (kind !== 'claim' || of < epoch) await rm(join(place, name), { force: true });
  }
}

/** All of a key that has had no value for long. */
async function removeKey(place: string): Promise<void> {
  for (const { name } of (await look(place)).files) await rm(join(place, name), { force: true });
  await rmdir(place).catch((thrown: unknown) => {
    if (!['ENOENT', 'ENOTEMPTY'].includes(errnoOf(thrown))) throw thrown; // a new claim: it stays
  });
}

/** Every key with its newest value, or, with 0 bytes, its last claim; the oldest first. */
async function scan(folder: string): Promise<StoredEntry[]> {
  const entries: StoredEntry[] = [];
  for (const name of await readdir(folder)) {
    const key = keyOf(name);
    const place = join(folder, name);
    const held = key === undefined ? undefined : await look(place).catch(() => undefined);
    const newest = held?.state ?? held?.files.at(-1)?.name;
    const found = newest === undefined ? undefined : await stat(join(place, newest)).catch(() => undefined);
    if (found) entries.push({ key: key!, epoch: held!.epoch, bytes: found.size, savedMs: found.mtimeMs });
  }
  return entries.sort((a, b) => a.savedMs - b.savedMs);
}

/** undefined: a file or folder of somebody else. */
function keyOf(name: string): string | undefined {
  try {
    return decodeURIComponent(name);
  } catch {
    return undefined;
  }
}
