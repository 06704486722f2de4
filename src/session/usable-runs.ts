// Which rows of a message can be used, which are broken and which come late: by row, in runs. Used by the door.

import type { Micros } from '../base/units.ts';
import type { Chunk } from '../item/item.ts';
import type { StreamFormat } from '../pipeline/define-pipeline.ts';

/** The usual case, in one pass. NaN and Infinity are the values for which the difference is not 0. */
function allFinite(data: Float32Array): boolean {
  for (let i = 0; i < data.length; i++) {
    const value = data[i]!;
    if (value - value !== 0) return false;
  }
  return true;
}

/** What makes a row usable: see DoorOptions (door.ts). */
interface Rules {
  readonly source: StreamFormat;
  readonly nanIsMissing: boolean;
  readonly lastTime?: Float64Array;
}

export interface Run {
  start: number;
  end: number;
  wrong: 'fault' | 'late' | undefined;
}

/**
 * Maximal runs of rows that are all usable or all wrong in one way. By row, never by message, so that chunking cannot change
 * results. A row whose time is not behind the last one's is late, or there twice: no state may see it.
 */
export function runsOf(data: Float32Array, { source, nanIsMissing, lastTime }: Rules, times?: Float64Array): Run[] {
  const { width } = source;
  const timed = times && lastTime;
  if (allFinite(data) && (!timed || ascend(times, lastTime))) {
    return [{ start: 0, end: data.length / width, wrong: undefined }];
  }
  const runs: Run[] = [];
  for (let row = 0; row * width < data.length; row++) {
    const late = timed && !(times[row]! > lastTime[0]!);
    const wrong = late ? 'late' : hasFault(data, row * width, width, nanIsMissing) ? 'fault' : undefined;
    if (timed && wrong === undefined) lastTime[0] = times[row]!;
    const last = runs.at(-1);
    if (last && last.wrong === wrong) last.end = row + 1;
    else runs.push({ start: row, end: row + 1, wrong });
  }
  return runs;
}

/** Each time behind the one before, and behind the last row's: then that is the last of them. */
function ascend(times: Float64Array, lastTime: Float64Array): boolean {
  let last = lastTime[0]!;
  for (let i = 0; i < times.length; i++) {
    if (!(times[i]! > last)) return false;
    last = times[i]!;
  }
  lastTime[0] = last;
  return true;
}

function hasFault(data: Float32Array, from: number, width: number, nanIsMissing: boolean): boolean {
  for (let i = from; i < from + width; i++) {
    const value = data[i]!;
    if (!Number.isFinite(value) && !(nanIsMissing && value !== value)) return true;
  }
  return false;
}

export function chunkOf(
  data: Float32Array,
  width: number,
  run: Run,
  from: number,
  pts: Micros,
  times?: Float64Array,
): Chunk {
  const rows = run.end - run.start;
  const whole = rows * width === data.length;
  const values = whole ? data : data.subarray(run.start * width, run.end * width);
  const chunk: Chunk = { kind: 'chunk', from, to: from + rows, pts, rows, width, data: values };
  return times ? { ...chunk, times: times.subarray(run.start, run.end) } : chunk;
}
