import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ROOT } from '../arch/imports.ts';

it('docs/cells.md is what the compiled cells say', () => {
  execFileSync(process.execPath, [join(ROOT, 'scripts/make-cells-table.mjs'), '--check']);
});

it('CONTRIBUTING.md shows the smallest cell as it is', () => {
  const shown = /```ts\n([\s\S]*?)```/.exec(readFileSync(join(ROOT, 'CONTRIBUTING.md'), 'utf8'))![1];
  expect(shown).toBe(readFileSync(join(ROOT, 'src/cell/leaky/index.ts'), 'utf8'));
});
