// forecast on the WebAssembly kernels: the same forecasts, to the bit, wherever a stream's state lies.

import { describe, expect, it } from 'vitest';
import { availableSimd } from '../../../test/helpers/fenced.ts';
import { chunkOf, gapOf, markOf, printed, seeded } from '../../../test/helpers/items.ts';
import { openStream } from '../../../test/helpers/run-stage.ts';
import { makeNearState } from '../../cell/near-state.ts';
import type { Item } from '../../item/item.ts';
import { forecast } from './forecast.ts';
import type { ForecastOptions } from './sizes.ts';

const options: ForecastOptions = { width: 2, horizon: 5, seasonRows: 12, coverage: 0.8, cell: 'ssm', rateHz: 0 };

function rows(from: number, count: number): Item {
  const random = seeded(from + 1);
  const values = Array.from({ length: 2 * count }, (_, i) => {
    const missing = random() < 0.05;
    return missing ? Number.NaN : Math.sin((2 * Math.PI * (from + (i >> 1))) / 12) * (1 + (i & 1)) + 0.2 * random();
  });
  return chunkOf(from, values, 2);
}
const stream: readonly Item[] = [rows(0, 120), gapOf(120, 131), rows(131, 90), markOf('reset', 221), rows(221, 60)];

describe.each(await availableSimd())('forecast on $numerics kernels', (simd) => {
  it.each([options, { ...options, size: 'small', quantiles: true, horizon: 40 }] as const)(
    'gives the items and the bytes of state of the plain stage, in the kernel memory and elsewhere',
    (options) => {
      const plain = openStream(forecast(options));
      const expected = printed(plain.push(...stream));
      const near = openStream(forecast({ ...options, simd }), undefined, (layout) => makeNearState(layout).state);
      const away = openStream(forecast({ ...options, simd }));
      for (const opened of [near, away]) {
        expect(printed(opened.push(...stream))).toEqual(expected);
        expect(opened.snapshot()).toEqual(plain.snapshot());
      }
    },
  );
});
