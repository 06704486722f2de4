// Results as a table, a result or a gap a line: `from,to,gap,<values>`. Readings have a column per value. Forecasts have, per
// column of the sensor, its anomaly score, and per horizon mean, lower and upper: `temp_anomaly,temp+24,temp+24_lower,..`
// What is unknown is empty, and so are the values of a gap; `gap` holds its cause. Numbers read back to the same float32.

import { engineError } from '../../base/errors.ts';
import type { Gap, ResultItem } from '../../item/item.ts';
import { shortestFloat32 } from '../../wire/shortest-float32.ts';
import type { LineFormat } from './record-sink.ts';

/**
 * @param names the source's columns   @param header false: the lines go on behind others
 * @throws ERR_USAGE, from `line`, for audio and for readings of more than one kind: they have no common columns
 */
export function resultCsv(names: readonly string[], header: boolean): LineFormat {
  let columns: string | undefined;
  let count = 0;
  let first: string | undefined; // the kind of result that the columns are for
  let early: Gap[] = []; // gaps before the first result, which alone says what the columns are; neighbours joined
  const gapLine = ({ from, to, why }: Gap): string => `${from},${to},${why}${','.repeat(count)}\n`;

  function begin(found: readonly string[]): string {
    count = found.length;
    columns = found.map(quoted).join(',');
    const lines = early.map(gapLine).join('');
    early = [];
    return header ? `from,to,gap,${columns}\n${lines}` : lines;
  }
  return {
    line({ item }) {
      if (item.kind === 'gap') {
        if (columns !== undefined) return gapLine(item);
        const last = early.at(-1);
        if (last?.why === item.why && last.to === item.from) early[early.length - 1] = { ...last, to: item.to };
        else early.push(item);
        return '';
      }
      const kind = item.kind === 'detection' ? `${item.name} ${Object.keys(item.values)}` : item.kind;
      const start = columns === undefined ? begin(columnsOf(item, names)) : '';
      first ??= kind;
      if (kind !== first) throw notOneTable('results of more than one kind');
      return `${start}${item.from},${item.to},,${valuesOf(item).map(cell).join(',')}\n`;
    },
  };
}

const cell = (value: number): string => (Number.isFinite(value) ? String(shortestFloat32(value)) : '');

function columnsOf(item: ResultItem, names: readonly string[]): string[] {
  if (item.kind === 'detection') return Object.keys(item.values);
  if (item.kind === 'chunk') throw notOneTable('audio');
  const own = Array.from({ length: item.width }, (_, column) => names[column] ?? `column${column + 1}`);
  const ahead = [...item.horizons].flatMap((steps) => own.map((name) => `${name}+${steps}`));
  return [
    ...own.map((name) => `${name}_anomaly`),
    ...ahead.flatMap((name) => [name, `${name}_lower`, `${name}_upper`]),
  ];
}

function valuesOf(item: ResultItem): number[] {
  if (item.kind === 'detection') return Object.values(item.values);
  if (item.kind === 'chunk') throw notOneTable('audio');
  const { anomaly, mean, lower, upper } = item;
  return [...anomaly, ...[...mean].flatMap((value, i) => [value, lower[i]!, upper[i]!])];
}

const quoted = (name: string): string => (/[",\r\n]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name);

function notOneTable(what: string) {
  return engineError('ERR_USAGE', `${what} cannot be written as CSV`, { expected: '--out results.jsonl' });
}
