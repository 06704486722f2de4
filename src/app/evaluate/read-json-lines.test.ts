import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readJsonLines } from './read-json-lines.ts';

it('reads an object a line, and names the line that is none or lacks a field', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'lines-'));
  const file = join(folder, 'list.jsonl');
  const read = async (text: string) => {
    await writeFile(file, text);
    return readJsonLines<{ id: string; snr: number }>(file, ['id', 'snr']);
  };
  expect(await read('{"id": "a", "snr": 0}\n\n{"id": "b", "snr": -5, "more": 1}\n')).toMatchObject([
    { id: 'a', snr: 0 },
    { id: 'b', snr: -5 },
  ]);
  for (const bad of ['{"id": "a"}', 'nonsense', 'null', '7']) {
    await expect(read(`{"id": "a", "snr": 0}\n${bad}`)).rejects.toMatchObject({
      code: 'ERR_USAGE',
      message: expect.stringMatching(/^line 2 of /),
      expected: expect.stringContaining('id, snr'),
    });
  }
  await rm(folder, { recursive: true });
});
