// docs/sensors.md as a user meets it: every command line is one that the command takes, those marked as running are run.

import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { type FleetFlags, formatOf, isFleet } from '../../src/app/commands/fleet-flags.ts';
import { addRun } from '../../src/app/commands/run.ts';
import { openMessageSource } from '../../src/app/fleet/open-message-source.ts';
import { SENSOR_FORMATS } from '../../src/wire/formats/sensor-formats.ts';
import { ROOT } from '../arch/imports.ts';

const page = readFileSync(join(ROOT, 'docs/sensors.md'), 'utf8');
const blocks = [...page.matchAll(/```sh( runs)?\n([\s\S]*?)```/g)];
const commands = blocks.flatMap(([, , text]) =>
  [...text!.matchAll(/(?:^|\| )(millrace run .*)$/gm)].map(([, line]) => line!),
);

/** Words as a shell would split them: single quotes are all that the page uses. */
const words = (line: string): string[] =>
  [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare!);

describe('docs/sensors.md', () => {
  it.each(commands)('shows a command that is taken: %s', async (line) => {
    const program = new Command().exitOverride();
    addRun(program);
    let flags: FleetFlags | undefined;
    program.commands[0]!.exitOverride().action((_pipeline: string, given: FleetFlags) => {
      flags = given;
    });
    await program.parseAsync(words(line).slice(1), { from: 'user' });
    expect(isFleet(flags!)).toBe(true);
    await openMessageSource(flags!, formatOf(flags!).name, undefined);
  });

  it('shows commands for every kind of source, and names every format', () => {
    expect(commands.length).toBeGreaterThan(8);
    for (const input of ['mqtt://', 'mqtts://', 'influx://', '--in - ', '--follow']) {
      expect(
        commands.some((line) => line.includes(input)),
        input,
      ).toBe(true);
    }
    for (const format of SENSOR_FORMATS) expect(page).toContain(`| \`${format}\``);
  });

  it('has examples that run as they stand', () => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-docs-'));
    const main = process.env.MILLRACE_MAIN ?? join(ROOT, 'dist/src/app/main.js');
    try {
      writeFileSync(join(folder, 'millrace'), `#!/bin/sh\nexec "${process.execPath}" "${main}" "$@"\n`);
      chmodSync(join(folder, 'millrace'), 0o755);
      const script = blocks
        .filter(([, runs]) => runs)
        .map(([, , text]) => text)
        .join('\n');
      const env = { ...process.env, PATH: `${folder}:${process.env.PATH}` };
      execFileSync('bash', ['-e', '-o', 'pipefail', '-c', script], { cwd: folder, env, stdio: 'pipe' });
      const rows = (name: string) =>
        readFileSync(join(folder, name), 'utf8')
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line) as { stream: string; type: string });
      expect(rows('weather.jsonl')).toMatchObject(
        [1, 2].map(() => ({ stream: 'weather,location=us#temp', type: 'result' })),
      );
      expect(rows('meters.jsonl')).toMatchObject([1, 2].map(() => ({ stream: 'sensor', type: 'result' })));
      expect(rows('senml.jsonl')).toMatchObject([{ stream: 'urn:dev:ow:10e2073a01080063:voltage', type: 'result' }]);
      expect(rows('rows.jsonl')).toMatchObject([1, 2].map(() => ({ stream: 'temp', type: 'result' })));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
