// `millrace serve` and its settings as a user meets them: the compiled command, a file, variables.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { millrace, serve } from '../helpers/command.ts';

let folder: string;
let file: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-serve-'));
  file = join(folder, 'millrace.json');
  await writeFile(join(folder, 'tokens.txt'), 'acme s3cret-of-at-least-sixteen-letters\n');
  await writeFile(file, JSON.stringify({ host: '127.0.0.1', tokens: 'tokens.txt', 'sessions-max': 5, warm: ['none'] }));
});
afterAll(() => rm(folder, { recursive: true }));

interface Shown {
  readonly [name: string]: { readonly value: unknown; readonly source: string };
}

describe('millrace serve', () => {
  it('--print-config says what is in force, and starts nothing', async () => {
    const { code, out, err } = await millrace(['serve', '--config', file, '--port', '0', '--print-config']);
    expect([code, err]).toEqual([0, '']);
    const shown = JSON.parse(out) as Shown;
    expect(shown).toMatchObject({
      config: { value: file, source: 'flag' },
      port: { value: 0, source: 'flag' },
      'sessions-max': { value: 5, source: 'file' },
      tokens: { value: join(folder, 'tokens.txt'), source: 'file' },
      engine: { value: 'portable', source: 'default' },
    });
    expect(out).not.toContain('s3cret');
  });

  it('refuses a file that it does not understand, before it listens', async () => {
    const wrong = join(folder, 'wrong.json');
    await writeFile(wrong, JSON.stringify({ 'session-max': 5 }));
    const { code, out, err } = await millrace(['serve', '--config', wrong, '--port', '0']);
    expect([code, out]).toEqual([1, '']);
    expect(err).toContain('ERR_CONFIG_INVALID');
    expect(err).toContain(`${wrong}: there is no setting "session-max"`);
    expect(err).toContain('"sessions-max", perhaps');
  });

  it.each([['1'], ['2']])('logs what is in force once, without secrets: %s workers', async (workers) => {
    const server = await serve('--config', file, '--workers', workers);
    expect((await fetch(`${server.http}/readyz`)).status).toBe(200);
    const { code, err } = await server.stop();
    expect(code).toBe(0);
    const lines = err.split('\n').filter((line) => line.startsWith('{'));
    const told = lines.map((line) => JSON.parse(line) as { msg: string; config: Shown });
    const configurations = told.filter(({ msg }) => msg === 'configuration');
    expect(configurations).toHaveLength(1);
    expect(configurations[0]!.config).toMatchObject({
      workers: { value: Number(workers), source: 'flag' },
      'sessions-max': { value: 5, source: 'file' },
    });
    expect(err).not.toContain('s3cret');
  });
});
