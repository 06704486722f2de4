import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStates } from './open-states.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-states-'));
});
afterAll(() => rm(folder, { recursive: true }));

const key = 'ab'.repeat(32);
async function keyFile(text: string): Promise<string> {
  const path = join(folder, 'keys');
  await writeFile(path, text);
  return path;
}

describe('where serve keeps streams', () => {
  it('is memory and no keys, or the folder and the keys that are named', async () => {
    expect((await openStates({}, 1000)).sealKeys).toEqual([]);
    const stateDir = join(folder, 'deep', 'states');
    const sealKeys = await keyFile(`# the new one\n${key}\n\n${'CD'.repeat(32)}\n`);
    const states = await openStates({ stateDir, sealKeys }, 1000);
    expect(states.sealKeys!.map((bytes) => [bytes.length, bytes[0]])).toEqual([
      [32, 0xab],
      [32, 0xcd],
    ]);
    const { epoch } = await states.store.claim('s');
    await states.store.put('s', epoch, Uint8Array.of(1));
    expect(await readdir(stateDir)).toEqual(['s']);
  });

  it.each(['', 'not a key', key.slice(1), `${key}\n${key}x`])(
    'refuses keys that are none, without showing them: "%s"',
    async (text) => {
      const opened = openStates({ sealKeys: await keyFile(text) }, 1000);
      await expect(opened).rejects.toMatchObject({
        code: 'ERR_CONFIG_INVALID',
        message: 'the file of --seal-keys does not hold keys',
      });
    },
  );

  it('says when the file or the folder cannot be had', async () => {
    await expect(openStates({ sealKeys: join(folder, 'none') }, 1)).rejects.toMatchObject({
      code: 'ERR_CONFIG_INVALID',
    });
    const stateDir = join(await keyFile(key), 'states');
    await expect(openStates({ stateDir }, 1)).rejects.toMatchObject({ code: 'ERR_STORE_FAILED' });
  });
});
