// The README's library example, taken from the text and run against the built package by its published name.

import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ROOT } from '../arch/imports.ts';

const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
const examples = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code!);

it('the library example runs as it stands', () => {
  const library = examples.find((code) => code.includes("from 'millrace'"))!;
  // Inside the package a file may import it by its own name: what a user's import resolves to.
  const file = join(ROOT, 'dist', 'readme-example.mjs');
  writeFileSync(file, `${library}\nconsole.log('state slots', Object.keys(state.slots).length);\nsession.close();\n`);
  try {
    const out = execFileSync(process.execPath, [file], { encoding: 'utf8', cwd: ROOT });
    expect(out).toMatch(/state slots \d+/);
  } finally {
    rmSync(file);
  }
});

it('every command it shows exists', () => {
  const help = execFileSync(process.execPath, [join(ROOT, 'dist/src/app/main.js'), '--help'], { encoding: 'utf8' });
  const commands = new Set([...readme.matchAll(/^(?:.*\| )?millrace (\w+)/gm)].map(([, command]) => command!));
  expect(commands.size).toBeGreaterThanOrEqual(3);
  for (const command of commands) expect(help).toContain(command);
});

it('every published door opens', () => {
  const doors = ['millrace', 'millrace/client', 'millrace/cell/mamba2', 'millrace/operator/scan-cell'];
  const code = `for (const door of ${JSON.stringify(doors)}) console.log(door, Object.keys(await import(door)).length > 0)`;
  const out = execFileSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8', cwd: ROOT });
  expect(out.trim().split('\n')).toEqual(doors.map((door) => `${door} true`));
});
