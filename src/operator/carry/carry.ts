// Rows whose first values go around a stage, and lie beside what came out of it again:
//   in --[rows, width | dIn]--|     stage: [rows, dIn] -> [rows, dOut]     out --[rows, width | dOut]--|
// So that one stage can make what another applies - a spectrum and its mask - and the cell between them stays in scanCell or
// scanCellAsync, with their gaps, faults and snapshots. Holds rows only while the stage works on them: no state of a stream.

import { defer, filter, map } from 'rxjs';
import { assert } from '../../base/assert.ts';
import type { Chunk, Item } from '../../item/item.ts';
import type { Stage } from '../stage.ts';

export interface CarryOptions {
  /** Values at the head of each row that the stage does not see. */
  readonly width: number;
  /** Grid rows that one row covers. */
  readonly spanRows: number;
}

/** What waits for the stage: the carried values [rows, width], the place of their rows, and as the stage was told of it. */
interface Waiting {
  readonly kept: Float32Array;
  readonly from: number;
  readonly to: number;
  readonly told: number;
}

/**
 * @param stage gives one row for each row, in order, or a gap over it (a fault); everything else passes through it
 * Rows that cover no grid rows (from = to, the frames behind a stream's end) are shown to the stage as whole ones.
 */
export function carry(options: CarryOptions, stage: Stage): Stage {
  return (context) => (source) =>
    defer(() => {
      const waiting: Waiting[] = []; // empty whenever no work is under way
      return source.pipe(
        map((item) => (item.kind === 'chunk' ? split(item, options, waiting) : item)),
        stage(context),
        map((item) => join(item, options, waiting)),
        filter((item) => item !== undefined),
      );
    });
}

function split(item: Chunk, { width, spanRows }: CarryOptions, waiting: Waiting[]): Chunk {
  const { rows, from, to, data } = item;
  assert(item.width > width, 'carry takes rows wider than what it carries');
  const told = to > from ? to : from + rows * spanRows;
  if (rows === 1) {
    waiting.push({ kept: data.slice(0, width), from, to, told });
    return { ...item, to: told, width: item.width - width, data: data.slice(width) };
  }
  const inner = item.width - width;
  const [kept, shown] = [new Float32Array(rows * width), new Float32Array(rows * inner)];
  for (let row = 0; row < rows; row++) {
    const at = row * item.width;
    kept.set(data.subarray(at, at + width), row * width);
    shown.set(data.subarray(at + width, at + item.width), row * inner);
  }
  waiting.push({ kept, from, to, told });
  return { ...item, to: told, width: inner, data: shown };
}

/** An item of the stage with its carried values, at its true place; nothing for a gap that covers no rows. */
function join(item: Item, { width, spanRows }: CarryOptions, waiting: Waiting[]): Item | undefined {
  const head = waiting[0];
  const isOfHead = head !== undefined && item.from >= head.from && item.from < head.told;
  if (!isOfHead || (item.kind !== 'chunk' && item.kind !== 'gap')) return item;
  if (item.to >= head.told) waiting.shift();
  const to = Math.min(item.to, head.to);
  if (item.kind === 'gap') return to > item.from ? { ...item, to } : undefined;
  const { rows, data } = item;
  const whole = new Float32Array(rows * (width + item.width));
  if (rows === 1 && head.kept.length === width) {
    whole.set(head.kept);
    whole.set(data, width);
    return { ...item, to, width: width + item.width, data: whole };
  }
  const first = (item.from - head.from) / spanRows;
  for (let row = 0; row < rows; row++) {
    const at = row * (width + item.width);
    whole.set(head.kept.subarray((first + row) * width, (first + row + 1) * width), at);
    whole.set(rows === 1 ? data : data.subarray(row * item.width, (row + 1) * item.width), at + width);
  }
  return { ...item, to, width: width + item.width, data: whole };
}
