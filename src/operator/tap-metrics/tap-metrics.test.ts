import { describe, expect, it } from 'vitest';
import { chunkOf, detectionOf, gapOf, markOf } from '../../../test/helpers/items.ts';
import { openStream } from '../../../test/helpers/run-stage.ts';
import { makeStage } from '../make-stage.ts';
import { type TapObserver, tapMetrics } from './tap-metrics.ts';

function listener() {
  const heard: unknown[][] = [];
  const observer: TapObserver = {
    item: (...args) => heard.push(args),
    error: (code) => heard.push(['error', code]),
  };
  return { heard, observer };
}
const items = [chunkOf(0, [1, 2, 3]), gapOf(3, 7), detectionOf('vad', 0, 3, { speech: 1 }), markOf('end', 7)];

describe('tapMetrics', () => {
  it('passes the very same items and tells kind, rows and time of each', () => {
    const { heard, observer } = listener();
    const stream = openStream([
      tapMetrics(observer),
      makeStage((_context, emit) => ({
        chunk(item) {
          stream.clock.nowUs += 41; // the stages behind take their time
          emit(item);
        },
      })),
    ]);
    const out = stream.push(...items);
    expect(out.every((item, k) => item === items[k])).toBe(true);
    expect(out).toHaveLength(items.length);
    expect(heard).toEqual([
      ['chunk', 3, 41],
      ['gap', 4, 0],
      ['detection', 3, 0],
      ['mark', 0, 0],
    ]);
    expect(stream.stateBytes()).toBe(0);
  });

  it('tells the code of a failure and passes it on', () => {
    const { heard, observer } = listener();
    const failing = makeStage(() => ({
      gap() {
        throw new TypeError('broken');
      },
    }));
    expect(() => openStream([failing, tapMetrics(observer)]).push(...items)).toThrow('broken');
    expect(heard).toEqual([
      ['chunk', 3, 0],
      ['error', 'ERR_INVARIANT'],
    ]);
  });
});
