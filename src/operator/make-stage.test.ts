import { from, of, throwError, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { chunkOf, detectionOf, gapOf, markOf } from '../../test/helpers/items.ts';
import { openStream, runStage } from '../../test/helpers/run-stage.ts';
import { f64 } from '../cell/state.ts';
import type { Forecast, Item } from '../item/item.ts';
import { makeStage } from './make-stage.ts';
import type { StreamContext } from './stage.ts';

const counting = makeStage((context, emit) => {
  const { count } = context.state('count', { count: f64(1) }, ({ at }) => at.count.fill(0)).at;
  return {
    chunk(item) {
      count[0]! += item.rows;
      emit(detectionOf('count', item.from, item.to, { rows: count[0]! }));
    },
  };
});
const none = new Float32Array(0);
const forecast: Forecast = {
  ...gapOf(5, 6),
  kind: 'forecast',
  width: 0,
  horizons: new Uint32Array(0),
  mean: none,
  lower: none,
  upper: none,
  anomaly: none,
};
const noContext = {} as StreamContext; // for stages that ask nothing of it

describe('makeStage', () => {
  it('passes every kind without a handler, in order, as the same object', () => {
    const items: Item[] = [gapOf(0, 5), forecast, detectionOf('vad', 0, 5, {}), markOf('flush', 6), markOf('end', 6)];
    expect(runStage(counting, items).every((item, k) => item === items[k])).toBe(true);
  });

  it('gives each stream a state of its own', () => {
    const [first, second] = [openStream(counting), openStream(counting)];
    first.push(chunkOf(0, [1, 2]));
    second.push(chunkOf(0, [1]));
    expect(first.push(chunkOf(2, [3]))).toMatchObject([{ values: { rows: 3 } }]);
    expect(second.push(chunkOf(1, [3]))).toMatchObject([{ values: { rows: 2 } }]);
  });

  it('ends with the error that a handler threw, and handles nothing after it', () => {
    let handled = 0;
    const failing = makeStage(() => ({
      chunk() {
        handled++;
        throw new Error('broken');
      },
    }));
    let failure: unknown;
    from([chunkOf(0, [1]), chunkOf(1, [1])])
      .pipe(failing(noContext))
      .subscribe({
        error: (thrown) => {
          failure = thrown;
        },
      });
    expect(failure).toEqual(new Error('broken'));
    expect(handled).toBe(1);
  });

  it('completes with its source and passes its error on', () => {
    const stage = makeStage(() => ({}));
    const seen: Item[][] = [];
    of<Item>(markOf('end', 0))
      .pipe(stage(noContext), toArray())
      .subscribe((items) => seen.push(items));
    expect(seen).toEqual([[markOf('end', 0)]]);
    let failure: unknown;
    throwError(() => 'gone')
      .pipe(stage(noContext))
      .subscribe({
        error: (thrown) => {
          failure = thrown;
        },
      });
    expect(failure).toBe('gone');
  });
});
