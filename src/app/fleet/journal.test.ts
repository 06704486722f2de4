import { appendFile, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openJournal } from './journal.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-journal-'));
});
afterEach(() => rm(folder, { recursive: true }));

const recordOf = (i: number) => ({ rows: [['a', i, i / 2] as const] });
async function write(from: number, to: number, segmentBytes?: number): Promise<void> {
  const { journal } = await openJournal(folder, segmentBytes);
  const positions = await Promise.all(Array.from({ length: to - from }, (_, i) => journal.append(recordOf(from + i))));
  expect(positions).toEqual(Array.from({ length: to - from }, (_, i) => from + i));
  await journal.close();
}
async function read(): Promise<number[]> {
  const { entries, journal } = await openJournal(folder);
  const found: number[] = [];
  for await (const { position, record } of entries()) {
    expect(record).toEqual(recordOf(position));
    found.push(position);
  }
  expect(journal.next).toBe((found.at(-1) ?? -1) + 1);
  return found;
}
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
const files = async () => (await readdir(folder)).sort();

describe('journal', () => {
  it('gives back in another process what was written, and goes on behind it', async () => {
    expect(await read()).toEqual([]);
    await write(0, 100);
    await write(100, 130);
    expect(await read()).toEqual(range(0, 130));
  });

  it('forgets what a crash left half written, at whatever byte, and writes on', async () => {
    await write(0, 10);
    const path = join(folder, (await files())[0]!);
    const whole = await readFile(path);
    const size = whole.length / 10;
    expect(Number.isInteger(size)).toBe(true);
    for (const bytes of [whole.length - 1, whole.length - size + 9, whole.length - size + 3]) {
      await writeFile(path, whole);
      await truncate(path, bytes);
      expect(await read()).toEqual(range(0, 9));
    }
    await writeFile(path, whole);
    await appendFile(path, Buffer.alloc(64, 0xff));
    expect(await read()).toEqual(range(0, 10));
    await write(10, 12);
    expect(await read()).toEqual(range(0, 12));
  });

  it('does not believe a record in which one bit is another', async () => {
    await write(0, 3);
    const path = join(folder, (await files())[0]!);
    const bytes = await readFile(path);
    bytes[bytes.length - 4]! ^= 1;
    await writeFile(path, bytes);
    expect(await read()).toEqual([0, 1]);
  });

  it('begins a new segment when one is full, and removes those that are behind, but never the last two', async () => {
    const { journal } = await openJournal(folder, 1);
    for (let i = 0; i < 6; i++) await journal.append(recordOf(i));
    expect((await files()).map((name) => Number.parseInt(name, 10))).toEqual([0, 1, 2, 3, 4, 5]);
    await journal.trim(3);
    expect((await files()).map((name) => Number.parseInt(name, 10))).toEqual([3, 4, 5]);
    await journal.trim(6);
    await journal.close();
    expect(await read()).toEqual([4, 5]);
  });

  it('says so when a segment is missing', async () => {
    const { journal } = await openJournal(folder, 1);
    for (let i = 0; i < 3; i++) await journal.append(recordOf(i));
    await journal.close();
    await rm(join(folder, (await files())[1]!));
    await expect(openJournal(folder)).rejects.toMatchObject({ code: 'ERR_STATE_DAMAGED' });
  });

  it('fails for good once the disk has failed: a later record must not be confirmed behind a hole', async () => {
    const { journal } = await openJournal(folder);
    await rm(folder, { recursive: true });
    await expect(journal.append(recordOf(0))).rejects.toMatchObject({ code: 'ERR_STORE_FAILED' });
    await import('node:fs/promises').then(({ mkdir }) => mkdir(folder));
    await expect(journal.append(recordOf(1))).rejects.toMatchObject({ code: 'ERR_STORE_FAILED' });
  });
});
