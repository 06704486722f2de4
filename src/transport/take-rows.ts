// What a client's rows and gaps do to a session, and what is said about them when they are not as they should be.

import { type EngineError, engineError } from '../base/errors.ts';
import type { Session } from '../session/session.ts';
import type { FormatMessage, GapMessage, RowsMessage } from '../wire/messages.ts';
import { type DecodedRows, rowWidth } from '../wire/row-builder.ts';
import { decodeRows } from '../wire/rows.ts';
import { feedRows } from './feed-rows.ts';
import type { StreamLimits } from './limits.ts';

/** Errors about single rows in one message: after these one error counts the rest. */
const ROW_ERRORS_MAX = 8;

/**
 * @returns what to tell the sender about single rows; the stream goes on
 * @throws ERR_PARTIAL_SAMPLE (nothing taken), ERR_GAP_INVALID, ERR_SEQ_REGRESSION, ERR_WIRE_MALFORMED
 */
export function takeRows(
  session: Session,
  message: RowsMessage,
  format: FormatMessage,
  limits: StreamLimits,
): readonly EngineError[] {
  const decoded = decodeRows(message.data, format);
  checkCount(message, decoded);
  const { offset = session.next } = message;
  if (offset < session.next) {
    throw engineError('ERR_SEQ_REGRESSION', `rows from ${offset} came after row ${session.next}`, {
      expected: `rows from ${session.next}, or no offset at all`,
    });
  }
  if (offset > session.next) {
    checkGapRows(offset - session.next, limits);
    session.gap(offset - session.next, 'lost');
  }
  feedRows(session, decoded, rowWidth(format), limits.chunkRowsMax);
  return decoded.faults.length === 0 ? [] : describeFaults(decoded, offset);
}

function checkCount({ count }: RowsMessage, decoded: DecodedRows): void {
  if (count === undefined || count === decoded.count) return;
  throw engineError('ERR_WIRE_MALFORMED', `frame.count is ${count}`, {
    expected: `${decoded.count}, the rows behind the header`,
  });
}

/** @throws ERR_GAP_INVALID unless the gap begins at the next row and is neither empty nor too long */
export function takeGap(session: Session, message: GapMessage, limits: StreamLimits): void {
  if (message.from !== session.next) {
    throw engineError('ERR_GAP_INVALID', `the gap begins at row ${message.from}`, {
      expected: `from = ${session.next}`,
    });
  }
  checkGapRows(message.to - message.from, limits);
  session.gap(message.to - message.from, 'client');
}

export function nonFiniteRows(rows: number): EngineError {
  return engineError('ERR_NON_FINITE_INPUT', `${rows} rows hold NaN or Infinity`, {
    expected: 'finite values; these rows are declared as a gap, the others were taken',
  });
}

function checkGapRows(rows: number, limits: StreamLimits): void {
  if (rows >= 1 && rows <= limits.gapRowsMax) return;
  throw engineError('ERR_GAP_INVALID', `a gap of ${rows} rows`, { expected: `1 to ${limits.gapRowsMax} rows` });
}

/** Rows are numbered as on the stream, from 0. What stood in the field is not repeated: messages carry no payload. */
function describeFaults({ faults }: DecodedRows, offset: number): EngineError[] {
  const expected = 'numbers; an empty field, NaN, NA or null for a missing one';
  const errors = faults
    .slice(0, ROW_ERRORS_MAX)
    .map(({ row, column }) =>
      engineError('ERR_ROW_MALFORMED', `row ${offset + row}: column ${column} is not a number`, { expected }),
    );
  const more = faults.length - ROW_ERRORS_MAX;
  if (more > 0) errors.push(engineError('ERR_ROW_MALFORMED', `${more} more rows of this message`, { expected }));
  return errors;
}
