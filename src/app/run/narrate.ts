// Tells a person what a stream says, as it happens: where speech starts and ends, which rows surprise, what is missing.
// Readings that need no word stay unspoken; `--json` prints every one.

import type { Output } from '../../session/session-options.ts';
import type { Segment } from '../picture/draw-audio-picture.ts';
import { clockTime } from '../print.ts';
import { alarmLine } from './alarm-line.ts';
import { createSegmenter } from './segments.ts';

export interface Narrator {
  tell(output: Output): void;
  /** What was still open when the stream ended. */
  finish(): void;
}

export interface NarratorOptions {
  readonly print: (line: string) => void;
  /** [start, end) seconds of speech, once it has ended. */
  readonly onSegment?: (segment: Segment) => void;
  /** Rows per second of the source; 0: rows are counted, not timed. */
  readonly rateHz: number;
  /** Column names of a sensor. */
  readonly names: readonly string[];
}

export function createNarrator({ print, onSegment, rateHz, names }: NarratorOptions): Narrator {
  const place = (row: number): string => (rateHz > 0 ? clockTime(row / rateHz) : `row ${row}`);

  const speech = createSegmenter({
    rateHz,
    onStart: (from) => print(`${place(from)}  speech starts`),
    onEnd(from, to, peak) {
      onSegment?.([from / rateHz, to / rateHz]);
      print(`${place(to)}  speech ends    ${((to - from) / rateHz).toFixed(2)} s, peak ${peak.toFixed(2)}`);
    },
  });

  return {
    tell({ item }) {
      if (item.kind === 'gap') {
        return print(`${place(item.from)}  gap to ${place(item.to)} (${item.why})`);
      }
      if (item.kind === 'detection' && item.values.speech !== undefined)
        return speech.read(item.values.speech, item.from, item.to);
      if (item.kind === 'detection') {
        const alarm = alarmLine(item, { rateHz, names });
        if (alarm !== undefined) return print(alarm);
        const values = Object.entries(item.values).map(([name, value]) => `${name} ${value.toPrecision(4)}`);
        return print(`${place(item.from)}  ${item.name}  ${values.join('  ')}`);
      }
      if (item.kind !== 'forecast') return;
      for (const [column, score] of item.anomaly.entries()) {
        if (!(score >= 1)) continue;
        print(`${place(item.from)}  anomaly in ${names[column] ?? `column ${column + 1}`}, score ${score.toFixed(2)}`);
      }
    },
    finish: speech.finish,
  };
}
