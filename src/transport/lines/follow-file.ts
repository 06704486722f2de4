// A file's bytes from some place on, and what is written to it later, as `tail -F` reads it. Rotated (renamed away, a new one
// in its place): the old file to its end, then the new one. Truncated: from its beginning. The file is looked at every
// quarter of a second: the notices of a system differ from one to the next and get lost on network disks.

import { type FileHandle, open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { engineError } from '../../base/errors.ts';

/** A place in a file: which one, and the byte. */
export interface FilePlace {
  readonly inode: number;
  readonly offset: number;
}
export interface FilePiece {
  readonly bytes: Buffer;
  /** Behind `bytes`; absent: the input has no places. */
  readonly place?: FilePlace;
}

const PIECE_BYTES = 64 * 1024;
const LOOK_MS = 250;

/** @param follow false: ends at the file's end   @throws ERR_FILE_NOT_FOUND when it is not there at the beginning */
export async function* followFile(
  path: string,
  follow: boolean,
  from: FilePlace | undefined,
  stop: AbortSignal,
): AsyncGenerator<FilePiece> {
  let at = from;
  // Rotated while nobody was there: logrotate's name for the file before.
  const before = from && (await openIf(`${path}.1`, from.inode));
  let file = before ?? (await openNow(path));
  try {
    while (!stop.aborted) {
      const { ino: inode, size } = await file.stat();
      const known: FilePlace = at?.inode === inode && at.offset <= size ? at : { inode, offset: 0 };
      at = known;
      for await (const piece of pieces(file, at, stop)) {
        at = piece.place!;
        yield piece;
      }
      const next = await openIfOther(path, inode);
      if (next) {
        if ((await file.stat()).size > at.offset) {
          await next.close(); // written to after we read its end
          continue;
        }
        await file.close();
        file = next;
        at = undefined;
        continue;
      }
      if (!follow) return;
      await sleep(LOOK_MS, undefined, { signal: stop }).catch(() => undefined);
    }
  } finally {
    await file.close();
  }
}

async function* pieces(file: FileHandle, from: FilePlace, stop: AbortSignal): AsyncGenerator<FilePiece> {
  let { offset } = from;
  while (!stop.aborted) {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(PIECE_BYTES), 0, PIECE_BYTES, offset);
    if (bytesRead === 0) return;
    offset += bytesRead;
    yield { bytes: buffer.subarray(0, bytesRead), place: { inode: from.inode, offset } };
  }
}

async function openNow(path: string): Promise<FileHandle> {
  return open(path).catch((cause: unknown) => {
    throw engineError('ERR_FILE_NOT_FOUND', `cannot read ${path}`, { expected: 'a file that is there', cause });
  });
}

/** Between rotation and its first line a file may not be there for a while. */
async function openIfOther(path: string, inode: number): Promise<FileHandle | undefined> {
  const file = await open(path).catch(() => undefined);
  if (!file || (await file.stat()).ino !== inode) return file;
  await file.close();
  return undefined;
}

async function openIf(path: string, inode: number): Promise<FileHandle | undefined> {
  const file = await open(path).catch(() => undefined);
  if (!file || (await file.stat()).ino === inode) return file;
  await file.close();
  return undefined;
}
