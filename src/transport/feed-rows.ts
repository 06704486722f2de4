// Decoded rows into a session: in pieces small enough that no stream holds up the others, faulty rows as gaps in their
// place. Cutting cannot change results: any chunking gives the same bytes (a law of cells and stages). Used for messages
// and, by the command line, for files.

import type { Session } from '../session/session.ts';
import type { DecodedRows } from '../wire/row-builder.ts';

/** @throws what `session.rows` throws: ERR_CREDIT_OVERRUN when the inbox is full and its policy is block */
export function feedRows(session: Session, decoded: DecodedRows, width: number, chunkRowsMax: number): void {
  const { rows, times, count, faults } = decoded;
  if (faults.length === 0 && count <= chunkRowsMax) return session.rows(rows, times);
  /** Good rows fed so far. */
  let fed = 0;
  function feedUntil(end: number): void {
    while (fed < end) {
      const to = Math.min(fed + chunkRowsMax, end);
      session.rows(rows.subarray(fed * width, to * width), times?.subarray(fed, to));
      fed = to;
    }
  }
  for (const [before, fault] of faults.entries()) {
    feedUntil(fault.row - before);
    session.gap(1, 'fault');
  }
  feedUntil(count - faults.length);
}
