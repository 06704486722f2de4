import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../arch/imports.ts';

// | 1 | [src/item/item.ts](../src/item/item.ts) | 83 | why |
const stops = [
  ...readFileSync(join(ROOT, 'docs/TOUR.md'), 'utf8').matchAll(
    /^\| \d+ \| \[([^\]]+)\]\(\.\.\/([^)]+)\) \| (\d+) \|/gm,
  ),
];

describe('docs/TOUR.md', () => {
  it('names files that exist, with their true line counts', () => {
    expect(stops.length).toBeGreaterThanOrEqual(8);
    for (const [, name, link, lines] of stops) {
      expect(link).toBe(name);
      const actual = readFileSync(join(ROOT, name!), 'utf8').split('\n').length - 1;
      expect(`${name} ${lines}`).toBe(`${name} ${actual}`);
    }
  });
  it('stays under 1,200 lines of reading', () => {
    expect(stops.reduce((sum, [, , , lines]) => sum + Number(lines), 0)).toBeLessThanOrEqual(1200);
  });
});
