import { appendFile, mkdtemp, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FilePlace } from './follow-file.ts';
import { followFile } from './follow-file.ts';
import { LINE_BYTES_MAX, lineSource } from './line-source.ts';
import { stdinPieces } from './stdin-pieces.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-lines-'));
  path = join(folder, 'log');
});
afterEach(() => rm(folder, { recursive: true }));

/** Reads lines until there are `count`, then stops; what was said, and the place behind the last. */
async function read(
  count: number,
  { follow = true, from = undefined as unknown, header = false, onLine = async (_: number) => {} } = {},
) {
  const lines: string[] = [];
  const told: string[] = [];
  let at: unknown;
  const source = lineSource({
    name: 'log',
    header,
    open: (place, stop) => followFile(path, follow, place, stop),
    readHeader: async () => Buffer.from('ts,a\n'),
  });
  await source.run(
    {
      async take(message) {
        lines.push(message.bytes.toString());
        at = message.at ?? at;
        await onLine(lines.length);
        if (lines.length >= count) await source.stop();
      },
      reconnected: () => undefined,
      tell: (line) => told.push(line),
    },
    from,
  );
  return { lines, at: at as FilePlace, told };
}

describe('lines of a file', () => {
  it('are read to its end, the last one also without a line end', async () => {
    await writeFile(path, 'a\n\nb\r\nc');
    expect((await read(9, { follow: false })).lines).toEqual(['a', 'b\r', 'c']);
  });

  it('are followed as they come, half a line at a time', async () => {
    await writeFile(path, 'a\nb');
    const more = ['', 'c\nd', 'e\n'];
    const { lines } = await read(3, { onLine: async (n) => appendFile(path, more[n] ?? '') });
    expect(lines).toEqual(['a', 'bc', 'de']);
  });

  it('are followed over a rotation: the old file to its end, then the new one', async () => {
    await writeFile(path, 'a\n');
    const rotated = async (n: number): Promise<void> => {
      if (n !== 1) return;
      await appendFile(path, 'b\nlast');
      await rename(path, `${path}.1`);
      await writeFile(path, 'c\n');
    };
    expect((await read(4, { onLine: rotated })).lines).toEqual(['a', 'b', 'last', 'c']);
  });

  it('are read anew when the file was cut to nothing', async () => {
    await writeFile(path, 'aaaa\nbbbb\n');
    const cut = async (n: number): Promise<void> => {
      if (n !== 2) return;
      await truncate(path, 0);
      await appendFile(path, 'c\n');
    };
    expect((await read(3, { onLine: cut })).lines).toEqual(['aaaa', 'bbbb', 'c']);
  });

  it('go on behind the place where an earlier process stood, also when the file was rotated since', async () => {
    await writeFile(path, 'a\nb\nc\n');
    const { at } = await read(2);
    expect(at.offset).toBe(4);
    expect((await read(1, { from: at })).lines).toEqual(['c']);
    await rename(path, `${path}.1`);
    await writeFile(path, 'd\n');
    expect((await read(2, { from: at })).lines).toEqual(['c', 'd']);
  });

  it('begin with the header that names their columns, also behind a place', async () => {
    await writeFile(path, 'ts,a\n1,2\n3,4\n');
    const { lines, at } = await read(1, { header: true });
    expect(lines).toEqual(['ts,a\n1,2']);
    expect((await read(1, { header: true, from: at })).lines).toEqual(['ts,a\n3,4']);
  });

  it('are passed over when they never end, which is said', async () => {
    await writeFile(path, `a\n${'x'.repeat(3 * LINE_BYTES_MAX)}\nb\n`);
    const { lines, told } = await read(9, { follow: false });
    expect(lines).toEqual(['a', 'b']);
    expect(told).toHaveLength(1);
  });

  it('of a file that is not there are an error', async () => {
    await expect(read(1)).rejects.toMatchObject({ code: 'ERR_FILE_NOT_FOUND' });
  });
});

describe('lines of a pipe', () => {
  it('are read in any pieces, without places', async () => {
    const lines: [string, unknown][] = [];
    const input = Readable.from(['a', '\nb\n', 'c'].map((text) => Buffer.from(text)));
    const source = lineSource({ name: 'pipe', header: false, open: (_, stop) => stdinPieces(input, stop) });
    const take = async ({ bytes, at }: { bytes: Uint8Array; at?: unknown }) =>
      void lines.push([Buffer.from(bytes).toString(), at]);
    await source.run({ take, reconnected: () => undefined, tell: () => undefined });
    expect(lines).toEqual(['a', 'b', 'c'].map((line) => [line, undefined]));
  });

  it('end quietly when somebody stops reading', async () => {
    const input = new Readable({ read: () => undefined });
    const source = lineSource({ name: 'pipe', header: false, open: (_, stop) => stdinPieces(input, stop) });
    const running = source.run({ take: async () => undefined, reconnected: () => undefined, tell: () => undefined });
    input.push('a\n');
    setImmediate(() => void source.stop());
    await running;
  });
});
