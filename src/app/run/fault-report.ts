// Says which input could not be used, without drowning the rest: the first few one by one, the others as a count.

import type { RowFault } from '../../wire/row-builder.ts';

export interface FaultReport {
  /** Source row `at` could not be read. */
  unreadable(at: number, fault: RowFault): void;
  /** Rows with NaN or Infinity were refused at the door. */
  refused(rows: number): void;
  finish(): void;
}

const NAMED_MAX = 10;

export function createFaultReport(kind: 'audio' | 'sensor', print: (line: string) => void): FaultReport {
  const code = kind === 'audio' ? 'ERR_PARTIAL_SAMPLE' : 'ERR_ROW_MALFORMED';
  let unreadable = 0;
  let refused = 0;
  return {
    unreadable(at, { column, text }) {
      if (unreadable++ < NAMED_MAX)
        print(`${code}: row ${at}, column ${column}: "${text}"; the row is declared as a gap`);
    },
    refused(rows) {
      refused += rows;
    },
    finish() {
      if (unreadable > NAMED_MAX) print(`${code}: ${unreadable - NAMED_MAX} more rows could not be read`);
      if (refused > 0) print(`ERR_NON_FINITE_INPUT: ${refused} rows with NaN or Infinity, declared as gaps`);
    },
  };
}
