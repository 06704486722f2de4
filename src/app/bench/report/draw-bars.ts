// Records of one unit as horizontal bars with their quartiles, one SVG. The axis turns logarithmic when the longest bar is
// over 30 times the shortest. Look: picture/style.ts.

import { COLOR, label, type PictureParts, PLOT, renderPicture } from '../../picture/style.ts';
import type { BenchRecord } from '../record.ts';
import { amount } from './table.ts';

export const BARS_MAX = 20;
/** Names lie left of this, bars right of it. */
const BARS_FROM = 300;
const LOG_ABOVE = 30;
const NAME_LETTERS_MAX = 48;

export interface BarsPicture {
  readonly title: string;
  readonly subtitle: string;
  /** At most BARS_MAX, all of one unit, all above 0. */
  readonly records: readonly BenchRecord[];
}

export function drawBars({ title, subtitle, records }: BarsPicture): Promise<string> {
  const rowHeight = PLOT.height / Math.max(records.length, 6);
  const ends = records.flatMap(({ value, spread }) => [value, ...(spread ?? [])]);
  const [least, most] = [Math.min(...ends), Math.max(...ends)];
  const log = most > LOG_ABOVE * least;
  const from = log ? 10 ** Math.floor(Math.log10(least)) : 0;
  const bars = records.map(({ value, baseline, spread }, row) => ({
    value,
    y: rowHeight * (row + 0.2),
    y2: rowHeight * (row + 0.8),
    middle: rowHeight * (row + 0.5),
    low: spread?.[0] ?? value,
    high: spread?.[1] ?? value,
    fill: baseline === undefined ? COLOR.data : COLOR.model,
  }));
  const [unit] = records.map((record) => record.unit);
  return renderPicture({
    title,
    subtitle,
    scales: [
      {
        name: 'x',
        type: log ? 'log' : 'linear',
        domain: [from, most * (log ? 1.5 : 1.1)],
        range: [BARS_FROM, PLOT.width],
      },
    ],
    axes: [
      {
        orient: 'bottom',
        scale: 'x',
        title: log ? `${unit} (log)` : (unit ?? ''),
        grid: true,
        domain: false,
        tickCount: log ? 5 : 6,
        format: most < 1 ? '~g' : '~s', // '~s' writes 0.02 as 20m
      },
    ],
    data: [{ name: 'bars', values: bars }],
    marks: [
      barMark(from),
      whiskerMark(),
      ...records.flatMap(({ name, value, ratio }, row) => {
        const { middle, high } = bars[row]!;
        const said = ratio === undefined ? amount(value) : `${amount(value)}  (${amount(ratio)} x)`;
        return [
          label(BARS_FROM - 10, middle, shortened(name), COLOR.ink, { align: { value: 'right' } }),
          label(0, middle, said, COLOR.muted, { x: { scale: 'x', value: high, offset: 6 } }),
        ];
      }),
    ],
  });
}

type Mark = PictureParts['marks'][number];

const barMark = (from: number): Mark => ({
  type: 'rect',
  from: { data: 'bars' },
  encode: {
    enter: {
      x: { scale: 'x', value: from },
      x2: { scale: 'x', field: 'value' },
      y: { field: 'y' },
      y2: { field: 'y2' },
      fill: { field: 'fill' },
      fillOpacity: { value: 0.85 },
    },
  },
});

const whiskerMark = (): Mark => ({
  type: 'rule',
  from: { data: 'bars' },
  encode: {
    enter: {
      x: { scale: 'x', field: 'low' },
      x2: { scale: 'x', field: 'high' },
      y: { field: 'middle' },
      stroke: { value: COLOR.ink },
      strokeWidth: { value: 1.5 },
    },
  },
});

const shortened = (name: string): string =>
  name.length <= NAME_LETTERS_MAX ? name : `${name.slice(0, NAME_LETTERS_MAX - 1)}…`;
