// Writes the true line counts into docs/TOUR.md: `npm run tour`. A test holds the page to them and to 1,200 lines in all.

import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const path = (name) => fileURLToPath(new URL(`../${name}`, import.meta.url));
let total = 0;
const page = readFileSync(path('docs/TOUR.md'), 'utf8')
  .replace(/^(\| \d+ \| \[([^\]]+)\]\([^)]+\) \| )\d+( \|)/gm, (_, before, name, after) => {
    const lines = readFileSync(path(name), 'utf8').split('\n').length - 1;
    total += lines;
    return `${before}${lines}${after}`;
  })
  .replace(/files, [\d,]+ lines;/, () => `files, ${total} lines;`);
writeFileSync(path('docs/TOUR.md'), page);
process.stdout.write(`${total} lines\n`);
