// SECURITY.md names tests, sections, flags and variables that exist.

import { existsSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { DEFAULT_SERVER_LIMITS, variableName } from '../../src/app/config.ts';
import { FLAG_SETTINGS } from '../../src/app/serve/settings.ts';

const text = readFileSync('SECURITY.md', 'utf8');

it('shows each threat with a test that is there', () => {
  const rows = text.split('\n').filter((line) => /^\| [A-Z]/.test(line));
  expect(rows.length).toBeGreaterThan(10);
  for (const row of rows) expect(row, row).toMatch(/test|the same/);
  const files = [...text.matchAll(/\b(?:src|test)\/[\w./-]+\.ts/g)].map(([path]) => path);
  for (const file of files) expect(existsSync(file), file).toBe(true);
});

it('names flags, variables and sections that there are', () => {
  const flags = FLAG_SETTINGS.map(({ name }) => `--${name}`);
  for (const [flag] of text.matchAll(/--[a-z-]{3,}/g)) expect(flags).toContain(flag);
  const variables = Object.keys(DEFAULT_SERVER_LIMITS).map(variableName);
  for (const [name] of text.matchAll(/MILLRACE_\w+/g)) expect(variables).toContain(name);
  const headings = readFileSync('docs/configuration.md', 'utf8').matchAll(/^## (.+)$/gm);
  const anchors = [...headings].map(([, heading]) => heading!.toLowerCase().replaceAll(' ', '-'));
  for (const [, anchor] of text.matchAll(/configuration\.md#([\w-]+)/g)) expect(anchors).toContain(anchor);
});
