// What every sensor format decodes to: one value of one quantity at one time. A message is decoded whole or refused whole,
// with an error that names the line and the field and repeats nothing of what stood there. Formats: the folders beside this.

import { type EngineError, engineError } from '../../base/errors.ts';

export interface Reading {
  /** Whose quantity it is, as far as the format itself says: a device, a measurement with its tags; '' when it does not. */
  readonly series: string;
  /** The quantity. */
  readonly column: string;
  /** Integer microseconds since 1970; NaN when the message names no time. */
  readonly time: number;
  /** NaN: missing. */
  readonly value: number;
}

/** @param place line and field, in the reader's terms: `line 3, field "temp"` */
export function malformed(place: string, what: string, expected: string): EngineError {
  return engineError('ERR_ROW_MALFORMED', `${place}: ${what}`, { expected });
}

/** Names from a sender, made fit for an error message: short, and on one line. */
export const shown = (name: string): string => JSON.stringify(name.length > 40 ? `${name.slice(0, 39)}…` : name);
