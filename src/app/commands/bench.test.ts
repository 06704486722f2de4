import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { addBench } from './bench.ts';

const written: string[] = [];
async function bench(...args: string[]): Promise<string> {
  written.length = 0;
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => written.push(String(text)) > 0);
  const program = new Command().exitOverride();
  addBench(program);
  try {
    await program.parseAsync(['bench', ...args], { from: 'user' });
  } finally {
    vi.restoreAllMocks();
  }
  return written.join('');
}
const LITTLE = ['prefill', '--rows', '32,64', '--repetitions', '2'];

let folder: string | undefined;
afterEach(async () => {
  if (folder) await rm(folder, { recursive: true });
  folder = undefined;
});

describe('millrace bench', () => {
  it('prints a record a line and nothing else with --json', async () => {
    const lines = (await bench(...LITTLE, '--json')).trim().split('\n');
    expect(lines.length).toBeGreaterThanOrEqual(12);
    for (const line of lines) expect(JSON.parse(line)).toMatchObject({ section: 'prefill' });
  });

  it('prints the machine and a table, and stores NDJSON, Markdown and SVG', async () => {
    folder = await mkdtemp(join(tmpdir(), 'bench-'));
    const text = await bench(...LITTLE, '--out', folder);
    expect(text).toMatch(/^.+, \d+ cores, Node v\S+ .*\n\nprefill\nwhat /);
    expect((await readdir(folder)).sort()).toEqual([
      ...['prefill-bytes.svg', 'prefill-us-row.svg', 'prefill.md', 'prefill.ndjson'],
    ]);
  });

  it('names the sections when asked for one that is not there', async () => {
    await expect(bench('nope')).rejects.toMatchObject({
      code: 'ERR_USAGE',
      expected: expect.stringMatching(/^one of: kernels, steps, /),
    });
    await expect(bench('constructor')).rejects.toMatchObject({ code: 'ERR_USAGE' });
  });

  it('refuses options that are no numbers', async () => {
    await expect(bench('prefill', '--repetitions', 'many')).rejects.toMatchObject({ code: 'ERR_USAGE' });
    await expect(bench('prefill', '--rows', '64,32')).rejects.toMatchObject({ code: 'ERR_USAGE' });
  });
});
