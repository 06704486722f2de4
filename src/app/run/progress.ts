// A line that shows how far a long file is, on stderr and only where a person looks at it.

import type { Source } from '../source/source.ts';

export interface Progress {
  at(row: number): void;
  done(): void;
}

const SHOW_FROM_SECONDS = 30;
const EVERY_MS = 200;
const WIDTH = 30;

/** @param quiet whether nothing else is printed meanwhile: a moving line among others would tear them */
export function createProgress({ seconds = 0, rateHz, live }: Source, quiet: boolean): Progress {
  const shown = process.stderr.isTTY && quiet && !live && seconds >= SHOW_FROM_SECONDS;
  const started = Date.now();
  let last = 0;
  return {
    at(row) {
      if (!shown || Date.now() - last < EVERY_MS) return;
      last = Date.now();
      const share = Math.min(1, row / rateHz / seconds);
      const bar = '#'.repeat(Math.round(share * WIDTH)).padEnd(WIDTH, '.');
      const speed = row / rateHz / ((last - started) / 1000);
      process.stderr.write(`\r[${bar}] ${(100 * share).toFixed(0)} %  ${speed.toFixed(0)} x real time `);
    },
    done() {
      if (shown) process.stderr.write(`\r${' '.repeat(WIDTH + 40)}\r`);
    },
  };
}
