import { describe, expect, it } from 'vitest';
import { chunkOf, gapOf, markOf, noise, rowsOf, seeded } from '../../../test/helpers/items.ts';
import { runStage } from '../../../test/helpers/run-stage.ts';
import { mixdown } from './mixdown.ts';

describe('mixdown', () => {
  it('takes the mean of the channels of each row', () => {
    const [out] = runStage(mixdown({ from: 2, to: 1 }), [chunkOf(10, [1, 3, -1, 0.5, 0.1, 0.2], 2)]);
    expect(out).toMatchObject({ kind: 'chunk', from: 10, to: 13, rows: 3, width: 1 });
    expect([...rowsOf([out!])]).toEqual([2, -0.25, (Math.fround(0.1) + Math.fround(0.2)) / 2].map(Math.fround));
  });

  it('leaves a row of equal channels as it is', () => {
    const mono = noise(500, seeded(1));
    for (const from of [2, 3, 6, 8]) {
      const wide = Float32Array.from({ length: 500 * from }, (_, k) => mono[Math.floor(k / from)]!);
      expect(rowsOf(runStage(mixdown({ from, to: 1 }), [chunkOf(0, wide, from)]))).toEqual(mono);
    }
  });

  it('passes everything through when there is nothing to mix, and other kinds always', () => {
    const chunk = chunkOf(0, [1, 2], 2);
    const others = [gapOf(1, 5), markOf('end', 5)];
    expect(runStage(mixdown({ from: 2, to: 2 }), [chunk, ...others])).toEqual([chunk, ...others]);
    expect(runStage(mixdown({ from: 2, to: 1 }), others)).toEqual(others);
  });

  it('refuses to make channels up', () => {
    expect(() => mixdown({ from: 1, to: 2 })).toThrow(expect.objectContaining({ code: 'ERR_FORMAT_UNSUPPORTED' }));
    expect(() => mixdown({ from: 4, to: 2 })).toThrow(/cannot mix 4 channels to 2/);
  });
});
