// inspect, generate and verify as a user calls them, in this process: what they print and how they end.

import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { addGenerate } from '../../src/app/commands/generate.ts';
import { addInspect } from '../../src/app/commands/inspect.ts';
import { addVerify } from '../../src/app/commands/verify.ts';
import type { Comparison } from '../../src/app/verify/verify-model.ts';

const GOLDEN = [
  ...['mamba', 'mamba2_g1', 'mamba2_g2', 'falcon_mamba', 'rwkv', 'recurrent_gemma'],
  ...['llama_gqa', 'mistral_swa', 'jetmoe', 'jamba', 'qwen3_next'],
];
const folderOf = (name: string) => fileURLToPath(new URL(`../golden/${name}`, import.meta.url));

/** Runs a command line; gives what went to stdout, and the exit code it set. */
async function millrace(...args: string[]): Promise<{ out: string; code: number }> {
  let out = '';
  const stdout = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += String(text);
    return true;
  });
  const stderr = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const program = new Command('millrace').exitOverride();
  for (const add of [addInspect, addGenerate, addVerify]) add(program);
  try {
    await program.parseAsync(args, { from: 'user' });
    return { out, code: Number(process.exitCode ?? 0) };
  } finally {
    stdout.mockRestore();
    stderr.mockRestore();
    process.exitCode = 0;
  }
}
afterEach(() => {
  process.exitCode = 0;
});

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'commands-'));
});
afterAll(() => rm(root, { recursive: true }));

describe('millrace inspect', () => {
  it('says what a recurrence keeps: the same for a stream of any length', async () => {
    const { out } = await millrace('inspect', folderOf('mamba'));
    expect(out).toMatch(/^mamba: mamba, 21\.2 k parameters, 64 tokens, width 32$/m);
    expect(out).toMatch(/^backbone\.layers\.1\.mixer +mamba +2\.8 kB/m);
    expect(out).toMatch(/^state of a stream {2}5\.6 kB, whatever its length$/m);
    expect(out).toMatch(/^keys and values {4}none$/m);
  });

  it('says what full attention would keep as a context grows, and the context it is bounded to', async () => {
    const { out } = await millrace('inspect', folderOf('llama_gqa'), '--context', '100');
    expect(out).toMatch(/for streams of up to 100 rows$/m);
    // 2 layers, keys and values, 2 heads of 8: 256 B a row.
    expect(out).toMatch(/^keys and values {4}262\.1 kB at 1K, 4\.19 MB at 16K, 16\.78 MB at 64K$/m);
  });

  it('gives the same as JSON', async () => {
    const { out } = await millrace('inspect', folderOf('recurrent_gemma'), '--json');
    const report = JSON.parse(out) as Record<string, unknown> & { layers: { name: string; stateBytes: number }[] };
    expect(report).toMatchObject({ name: 'recurrent_gemma', type: 'recurrent_gemma', vocabSize: 64, dModel: 64 });
    expect(report).toMatchObject({ rowsMax: null, kvBytes: { 1024: 1024, 16384: 1024, 65536: 1024 } });
    expect(report.stateBytes).toBe(report.layers.reduce((sum, { stateBytes }) => sum + stateBytes, 0));
    expect(report.layers.map(({ name }) => name)).toContain('model.layers.2.temporal_block');
    expect(report.id).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe('millrace generate', () => {
  const generate = (...flags: string[]) => millrace('generate', folderOf('jetmoe'), '--ids', '1,2,3', ...flags);

  it('prints as many ids as asked for, one a line, the same again for the same flags', async () => {
    const { out } = await generate('--count', '7');
    expect(out).toMatch(/^(\d+\n){7}$/);
    expect((await generate('--count', '7')).out).toBe(out);
    const drawn = (seed: string) => generate('--count', '30', '--temperature', '1.5', '--seed', seed);
    const [first, again, other] = [await drawn('1'), await drawn('1'), await drawn('2')];
    expect(first.out).toBe(again.out);
    expect(first.out).not.toBe(other.out);
  });

  it.each([
    ['--ids', '1,x'],
    ['--ids', '1,,2'],
    ['--ids', '64'],
    ['--count', '0'],
    ['--temperature', '0'],
    ['--temperature', 'hot'],
    ['--seed', '0.5'],
  ])('complains about %s %s', async (flag, value) => {
    await expect(generate(flag, value)).rejects.toMatchObject({
      code: 'ERR_USAGE',
      message: expect.stringContaining(flag),
    });
  });
});

describe('millrace verify', () => {
  it.each(GOLDEN)(
    '%s is as close as it should be to every output and every state of upstream, in both precisions',
    async (name) => {
      for (const precision of ['f32', 'f64']) {
        const { out, code } = await millrace('verify', folderOf(name), '--json', '--precision', precision);
        expect(code).toBe(0);
        const { comparisons, tolerance } = JSON.parse(out) as { comparisons: Comparison[]; tolerance: number };
        expect(tolerance).toBe(name === 'qwen3_next' ? 2e-4 : 1e-5);
        const names = comparisons.map((comparison) => comparison.name);
        for (const wanted of ['full/logits', 'full/hidden.0', 'step/logits', 'mixed/logits'])
          expect(names).toContain(wanted);
        const states = comparisons.filter((comparison) => /\/(state|kv)\./.test(comparison.name));
        expect(states.length).toBeGreaterThan(3);
        for (const { name, error } of comparisons) expect(error, name).toBeLessThanOrEqual(tolerance);
      }
    },
  );

  it('finds a single weight that is off, and says where it shows: exit code 1', async () => {
    const folder = join(root, 'off');
    await cp(folderOf('mamba2_g1'), folder, { recursive: true });
    const path = join(folder, 'model.safetensors');
    const file = await readFile(path);
    const at = file.length - 5; // the exponent of the last but one number of the head
    file[at] = file[at]! ^ 1;
    await writeFile(path, file);
    const { out, code } = await millrace('verify', folder);
    expect(code).toBe(1);
    expect(out).toMatch(/^full\/logits +\S+ +OVER$/m);
    expect(out).toMatch(/^full\/hidden\.0 +\S+ +ok$/m);
    expect(out).toMatch(/^step\/state\.layers\.0\.ssm +\S+ +ok$/m);
    expect(out).toMatch(/^3 of \d+ over 1e-5$/m);
    expect((await millrace('verify', folder, '--tolerance', '1e9')).code).toBe(0);
  });

  it('finds a state that is off', async () => {
    const folder = join(root, 'state');
    await cp(folderOf('llama_gqa'), folder, { recursive: true });
    const path = join(folder, 'golden.safetensors');
    const file = await readFile(path);
    const text = file.toString('latin1');
    // The header's own words: where the keys of layer 0 after token 8 lie.
    const offsets = /"f32\/step\/kv\.layers\.0\.k@8":\{[^}]*"data_offsets":\[(\d+),/.exec(text)!;
    const start = 8 + Number(file.readBigUInt64LE(0)) + Number(offsets[1]);
    file.writeFloatLE(1000, start);
    await writeFile(path, file);
    const { out, code } = await millrace('verify', folder);
    expect(code).toBe(1);
    expect(out).toMatch(/^step\/kv\.layers\.0\.k +\S+ +OVER$/m);
    expect(out).toMatch(/^1 of \d+ over 1e-5$/m);
  });

  it('needs golden vectors, and flags that make sense', async () => {
    const folder = join(root, 'bare');
    await cp(folderOf('mamba2_g1'), folder, { recursive: true });
    await rm(join(folder, 'golden.safetensors'));
    await expect(millrace('verify', folder)).rejects.toMatchObject({ code: 'ERR_WEIGHTS_MISSING', message: /golden/ });
    const usage = { code: 'ERR_USAGE' };
    await expect(millrace('verify', folderOf('mamba'), '--tolerance', 'none')).rejects.toMatchObject(usage);
    await expect(millrace('verify', folderOf('mamba'), '--precision', 'f16')).rejects.toMatchObject(usage);
  });
});
