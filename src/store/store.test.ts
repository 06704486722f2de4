// Both kinds of store obey the same rules; what only files can get wrong comes after.

import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { fileStore } from './file-store.ts';
import { memoryStore } from './memory-store.ts';
import type { StateStore, StoreBounds } from './state-store.ts';

const folders: string[] = [];
async function newFolder(): Promise<string> {
  folders.push(await mkdtemp(join(tmpdir(), 'millrace-store-')));
  return folders.at(-1)!;
}
afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true });
});

const bytes = (...values: number[]) => Uint8Array.from(values);
const fails = (code: string) => expect.objectContaining({ code });

type Make = (bounds?: Partial<StoreBounds>, now?: () => number) => Promise<StateStore>;
const kinds: readonly (readonly [string, Make])[] = [
  ['memory', async (bounds, now) => memoryStore(bounds, now)],
  ['file', async (bounds, now) => fileStore(await newFolder(), bounds, now)],
];

describe.each(kinds)('a %s store', (_, make) => {
  it('keeps what was put under the key, whatever the key', async () => {
    const store = await make();
    for (const key of ['a', 'plant/3/pump', '..', 'a.b', 'ü%2E', 'x'.repeat(128)]) {
      const { epoch, bytes: none } = await store.claim(key);
      expect(none).toBeUndefined();
      expect(await store.get(key)).toBeUndefined();
      await store.put(key, epoch, bytes(1, 2));
      await store.put(key, epoch, bytes(1, 2, 3));
      expect(await store.get(key)).toEqual({ epoch, bytes: expect.objectContaining({ length: 3 }) });
      expect([...(await store.get(key))!.bytes]).toEqual([1, 2, 3]);
    }
    expect(await store.list()).toHaveLength(6);
    for (const key of ['', 'x'.repeat(129), '\ud800']) {
      await expect(store.claim(key).then(String)).rejects.toThrow(fails('ERR_STORE_FAILED'));
    }
  });

  it('gives the last value to whoever claims, and fences off the owner before', async () => {
    const store = await make();
    const first = await store.claim('s');
    await store.put('s', first.epoch, bytes(1));
    const second = await store.claim('s');
    expect(second.epoch).toBeGreaterThan(first.epoch);
    expect([...second.bytes!]).toEqual([1]);
    expect((await store.get('s'))!.epoch).toBe(second.epoch);
    await expect(store.put('s', first.epoch, bytes(9))).rejects.toThrow(fails('ERR_STATE_FENCED'));
    await expect(store.delete('s', first.epoch)).rejects.toThrow(fails('ERR_STATE_FENCED'));
    expect([...(await store.get('s'))!.bytes]).toEqual([1]);
    await store.put('s', second.epoch, bytes(2));
    expect([...(await store.get('s'))!.bytes]).toEqual([2]);
    await store.delete('s', second.epoch);
    expect(await store.get('s')).toBeUndefined();
    expect(await store.list()).toEqual([]);
  });

  it('claims by compare-and-set when asked: one of many wins', async () => {
    const store = await make();
    const first = await store.claim('s', 0);
    await store.put('s', first.epoch, bytes(1));
    for (const from of [first.epoch, 0]) {
      for (let round = 0; round < 20; round++) {
        const key = from === 0 ? `new${round}` : 's';
        const epoch = from === 0 ? 0 : (await store.get('s'))!.epoch;
        const tried = await Promise.allSettled(Array.from({ length: 8 }, () => store.claim(key, epoch)));
        expect(tried.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
        for (const one of tried) if (one.status === 'rejected') expect(one.reason).toEqual(fails('ERR_STATE_FENCED'));
      }
    }
    await expect(store.claim('s', 0).then(String)).rejects.toThrow(fails('ERR_STATE_FENCED'));
  });

  it('numbers owners upwards over a delete, so that an owner of old is still an owner of old', async () => {
    const store = await make();
    const first = await store.claim('s');
    await store.delete('s', first.epoch);
    const second = await store.claim('s');
    await expect(store.put('s', first.epoch, bytes(9))).rejects.toThrow(fails('ERR_STATE_FENCED'));
    await store.put('s', second.epoch, bytes(2));
  });

  it('refuses a value that is too large, and keeps the one before', async () => {
    const store = await make({ entryBytesMax: 4 });
    const { epoch } = await store.claim('s');
    await store.put('s', epoch, bytes(1, 2, 3, 4));
    await expect(store.put('s', epoch, bytes(1, 2, 3, 4, 5))).rejects.toThrow(fails('ERR_STATE_TOO_LARGE'));
    expect((await store.get('s'))!.bytes).toHaveLength(4);
  });

  it('sweeps what is old, then the oldest while there is too much; an owner that goes on puts it back', async () => {
    let ahead = 0;
    let few = 0;
    const small = await make({ bytesMax: 20_000 });
    for (let i = 0; i < 60; i++) {
      const { epoch } = await small.claim(`s${i}`);
      await small.put(`s${i}`, epoch, new Uint8Array(1000));
      few = Math.max(few, (await small.list()).length);
    }
    expect(few).toBeLessThanOrEqual(23);
    const store = await make({ bytesMax: 2500, ageMsMax: 3_600_000 }, () => Date.now() + ahead);
    const epochs = new Map<string, number>();
    for (const key of ['a', 'b', 'c', 'd']) {
      const { epoch } = await store.claim(key);
      epochs.set(key, epoch);
      await store.put(key, epoch, new Uint8Array(1000));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(await store.sweep()).toMatchObject({ expired: 0, entries: 2 });
    expect((await store.list()).map(({ key }) => key)).toEqual(['c', 'd']);
    await store.put('a', epochs.get('a')!, bytes(1));
    expect([...(await store.get('a'))!.bytes]).toEqual([1]);
    ahead = 3_700_000;
    expect(await store.sweep()).toMatchObject({ expired: 3, evicted: 0, entries: 0, bytes: 0 });
  });
});

describe('a file store', () => {
  it('gives another process what was put, and takes nothing half written for it', async () => {
    const folder = await newFolder();
    const one = await fileStore(folder);
    const { epoch } = await one.claim('s');
    await one.put('s', epoch, bytes(1, 2));
    await writeFile(join(folder, 's', `${epoch}.new`), bytes(7)); // killed while it wrote
    const two = await fileStore(folder);
    const claimed = await two.claim('s');
    expect([...claimed.bytes!]).toEqual([1, 2]);
    await two.put('s', claimed.epoch, bytes(3));
    expect(await readdir(join(folder, 's'))).toEqual([`${claimed.epoch}.claim`, `${claimed.epoch}.state`]);
  });

  it('refuses a file with any byte changed, cut short or grown, and keeps it', async () => {
    const folder = await newFolder();
    const store = await fileStore(folder);
    const { epoch } = await store.claim('s');
    await store.put('s', epoch, bytes(1, 2, 3));
    const path = join(folder, 's', `${epoch}.state`);
    const whole = await readFile(path);
    const broken = Array.from({ length: whole.length }, (_, at) => {
      const copy = Uint8Array.from(whole);
      copy[at]! ^= 1 << (at % 8);
      return copy;
    });
    broken.push(whole.subarray(0, -1), whole.subarray(0, 20), whole.subarray(0, 0), Buffer.concat([whole, whole]));
    for (const file of broken) {
      await writeFile(path, file);
      await expect(store.get('s')).rejects.toThrow(fails('ERR_STATE_DAMAGED'));
    }
    await expect(store.claim('s').then(String)).rejects.toThrow(fails('ERR_STATE_DAMAGED'));
    expect(await readFile(path)).toEqual(Buffer.concat([whole, whole]));
  });

  it('says what the system says when the folder cannot be written, without its path', async () => {
    const folder = await newFolder();
    const path = join(folder, 'a-file');
    await writeFile(path, 'x');
    await expect(fileStore(join(path, 'states'))).rejects.toThrow(
      expect.objectContaining({ code: 'ERR_STORE_FAILED', message: 'the state store failed: ENOTDIR' }),
    );
  });

  it('lets one of two owners win however their calls fall: what a put returned for, the next claim reads', async () => {
    const folder = await newFolder();
    const one = await fileStore(folder);
    const two = await fileStore(folder);
    for (let round = 0; round < 60; round++) {
      const key = `s${round}`;
      const { epoch } = await one.claim(key);
      await one.put(key, epoch, bytes(0));
      const puts = (async () => {
        let durable = 0;
        for (let value = 1; value <= 20; value++) {
          try {
            await one.put(key, epoch, bytes(value));
            durable = value;
          } catch (thrown) {
            expect(thrown).toEqual(fails('ERR_STATE_FENCED'));
            return { durable, fenced: true };
          }
        }
        return { durable, fenced: false };
      })();
      for (let i = 0; i < round % 7; i++) await new Promise((resolve) => setImmediate(resolve));
      const claimed = await two.claim(key);
      const { durable, fenced } = await puts;
      expect(claimed.bytes![0]).toBeGreaterThanOrEqual(durable);
      expect(fenced || durable === 20).toBe(true);
      await expect(one.put(key, epoch, bytes(99))).rejects.toThrow(fails('ERR_STATE_FENCED'));
    }
  });
});
