import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { ERROR_CODES } from '../../src/base/errors.ts';

// | code | scope | close | ...
const documented = [
  ...readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8').matchAll(
    /^\| (ERR_\w+) \| (\w+) \| (\S+) \|/gm,
  ),
];

it('docs/errors.md documents every code with its scope and close code, and no other', () => {
  const inDocs = documented.map(([, code, scope, close]) => [code, scope, close === '-' ? 0 : Number(close)]);
  const inCode = Object.entries(ERROR_CODES).map(([code, [scope, close]]) => [code, scope, close]);
  expect(inDocs).toEqual(inCode);
});
