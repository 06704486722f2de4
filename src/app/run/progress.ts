// One line on a terminal that says how far a long run is, repainted at most ten times a second, and once more when it ends.
// Knows rows and a clock, nothing of the stream. Whether anybody may see it is for the caller to say (commands/run.ts).

import type { Source } from '../source/source.ts';
import { hours } from './hours.ts';

/** Where the line goes: process.stderr, or what a test puts in its place. */
export interface Terminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export interface Progress {
  /** Rows up to `row` are done. */
  at(row: number): void;
  /** Takes the line away, so that another can be printed; the next repaint brings it back. */
  clear(): void;
  /** The last word, with a line end. `row`: where it stopped. */
  done(row: number): void;
}

export interface ProgressOptions {
  readonly shown: boolean;
  /** Row where this run began: a resumed one is not as fast as what it did not do. */
  readonly firstRow?: number;
  readonly terminal?: Terminal;
  /** Milliseconds. */
  readonly now?: () => number;
}

const EVERY_MS = 100;
/** What is over sooner needs no line. */
const FIRST_MS = 500;
const BAR = { most: 30, least: 8 };
const COLUMNS_UNKNOWN = 80;

export function createProgress(source: Source, options: ProgressOptions): Progress {
  const { firstRow = 0, terminal = process.stderr, now = () => performance.now() } = options;
  const shown = options.shown && terminal.isTTY === true;
  const started = now();
  let painted = started + FIRST_MS - EVERY_MS;
  let visible = false;
  let ever = false;

  function paint(row: number, over: boolean): void {
    const seconds = (now() - started) / 1000;
    const line = (over ? finished : underWay)(
      source,
      row,
      row - firstRow,
      seconds,
      terminal.columns || COLUMNS_UNKNOWN,
    );
    terminal.write(`\r${line}\x1b[K${over ? '\n' : ''}`);
    visible = !over;
    ever = true;
  }
  return {
    at(row) {
      if (!shown || now() - painted < EVERY_MS) return;
      painted = now();
      paint(row, false);
    },
    clear() {
      if (visible) terminal.write('\r\x1b[K');
      visible = false;
    },
    done(row) {
      if (ever) paint(row, true);
    },
  };
}

/** `[######....]  42 %  2:31:07 of 6:00:00  52 x real time  1:07:12 left`, as much of it as fits. */
function underWay(source: Source, row: number, rows: number, seconds: number, columns: number): string {
  const { seconds: length = 0, rateHz } = source;
  if (length === 0 || rateHz === 0) return fitting([place(source, row), speed(source, rows, seconds)], columns);
  const share = Math.min(1, row / rateHz / length);
  const left = rows > 0 ? ((length * rateHz - row) / rows) * seconds : 0;
  const percent = `${Math.floor(100 * share)} %`.padStart(5);
  const words = fitting(
    [percent, `${place(source, row)} of ${hours(length)}`, speed(source, rows, seconds), `${hours(left)} left`],
    columns,
  );
  const room = Math.min(BAR.most, columns - 1 - words.length - 4); // brackets and two blanks
  if (room < BAR.least) return words.trimStart();
  return `[${'#'.repeat(Math.floor(share * room)).padEnd(room, '.')}]  ${words}`;
}

/** `6:00:00 done in 6:54, 52 x real time` */
function finished(source: Source, row: number, rows: number, seconds: number, columns: number): string {
  return fitting([`${place(source, row)} done in ${hours(seconds)}`, speed(source, rows, seconds)], columns);
}

const place = ({ kind, rateHz }: Source, row: number): string =>
  kind === 'audio' && rateHz > 0 ? hours(row / rateHz) : `${row} rows`;

function speed({ kind, rateHz }: Source, rows: number, seconds: number): string {
  const perSecond = rows / Math.max(seconds, 1e-3);
  if (kind !== 'audio' || rateHz === 0) return `${perSecond.toFixed(0)} rows/s`;
  return `${realTimes(perSecond / rateHz)} x real time`;
}

/** 0.8, 52 */
export const realTimes = (ratio: number): string => ratio.toFixed(ratio < 10 ? 1 : 0);

/** As many words, from the first on, as a line takes without wrapping; the first one is cut rather than left out. */
function fitting(words: readonly string[], columns: number): string {
  let line = words[0]!.slice(0, columns - 1);
  for (const word of words.slice(1)) if (line.length + 2 + word.length < columns) line += `  ${word}`;
  return line;
}
