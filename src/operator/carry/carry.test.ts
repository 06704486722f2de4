import { concatMap, from } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { chunkOf, gapOf, markOf, noise, seeded } from '../../../test/helpers/items.ts';
import { expectChunkInvariant, openStream, runStage } from '../../../test/helpers/run-stage.ts';
import type { Chunk, Item } from '../../item/item.ts';
import { makeStage } from '../make-stage.ts';
import type { Stage } from '../stage.ts';
import { carry } from './carry.ts';

const SPAN = 10;
const WIDTH = 2;
/** Rows [a, b | x] that cover SPAN grid rows each. */
const rowsAt = (first: number, ...rows: number[][]): Chunk => {
  const chunk = chunkOf(0, rows.flat(), 3);
  return { ...chunk, from: first * SPAN, to: (first + rows.length) * SPAN, pts: chunk.pts };
};
/** x -> [x, -x] for each row; a row of x < 0 is a fault, as scanCell tells one. */
const twice: Stage = makeStage((_context, emit) => ({
  chunk(item) {
    expect([item.width, item.to - item.from]).toEqual([1, item.rows * SPAN]);
    item.data.forEach((x, row) => {
      const place = { from: item.from + row * SPAN, to: item.from + (row + 1) * SPAN, pts: item.pts };
      if (x < 0) emit({ kind: 'gap', ...place, why: 'fault' });
      else emit({ kind: 'chunk', ...place, rows: 1, width: 2, data: Float32Array.of(x, -x) });
    });
  },
}));
const around = carry({ width: WIDTH, spanRows: SPAN }, twice);
const brief = (items: readonly Item[]) =>
  items.map((item) => [item.kind, item.from, item.to, ...(item.kind === 'chunk' ? item.data : [])]);

describe('carry', () => {
  it('puts carried values beside what the stage made of the rest', () => {
    const items = runStage(around, [rowsAt(0, [1, 2, 3], [4, 5, 6]), rowsAt(2, [7, 8, 9])]);
    expect(brief(items)).toEqual([
      ['chunk', 0, 10, 1, 2, 3, -3],
      ['chunk', 10, 20, 4, 5, 6, -6],
      ['chunk', 20, 30, 7, 8, 9, -9],
    ]);
  });

  it('keeps rows that a stage gives together together', () => {
    const same: Stage = (_context) => (source) => source;
    const items = runStage(carry({ width: WIDTH, spanRows: SPAN }, same), [rowsAt(4, [1, 2, 3], [4, 5, 6])]);
    expect(brief(items)).toEqual([['chunk', 40, 60, 1, 2, 3, 4, 5, 6]]);
  });

  it('lets a fault of the stage stand for its row, and goes on behind it', () => {
    const items = runStage(around, [
      rowsAt(0, [1, 2, 3], [4, 5, -6], [7, 8, 9]),
      rowsAt(3, [1, 1, -1]),
      rowsAt(4, [2, 2, 2]),
    ]);
    expect(brief(items)).toEqual([
      ['chunk', 0, 10, 1, 2, 3, -3],
      ['gap', 10, 20],
      ['chunk', 20, 30, 7, 8, 9, -9],
      ['gap', 30, 40],
      ['chunk', 40, 50, 2, 2, 2, -2],
    ]);
  });

  it('shows rows behind the end as whole ones, and leaves them where they are', () => {
    const tail = (x: number): Item => ({ ...rowsAt(1, [1, 2, x]), to: 10 });
    expect(brief(runStage(around, [rowsAt(0, [1, 2, 3]), tail(4), markOf('end', 10)]))).toEqual([
      ['chunk', 0, 10, 1, 2, 3, -3],
      ['chunk', 10, 10, 1, 2, 4, -4],
      ['mark', 10, 10],
    ]);
    expect(brief(runStage(around, [tail(-4), markOf('end', 10)]))).toEqual([['mark', 10, 10]]);
  });

  it('passes gaps and marks through the stage, in order', () => {
    const items = [
      gapOf(0, 20),
      rowsAt(2, [1, 2, 3]),
      markOf('flush', 30),
      gapOf(30, 50),
      markOf('reset', 50),
      rowsAt(5, [1, 2, 3]),
    ];
    expect(brief(runStage(around, items)).map(([kind, from]) => [kind, from])).toEqual(
      items.map(({ kind, from }) => [kind, from]),
    );
  });

  it('waits for a stage that answers later, with several chunks and gaps under way', async () => {
    const later: Stage = () => (source) =>
      source.pipe(concatMap((item) => from(new Promise<Item>((resolve) => setImmediate(() => resolve(item))))));
    const stream = openStream([carry({ width: WIDTH, spanRows: SPAN }, later)]);
    const sender = rowsAt(0, [1, 2, 3]);
    expect(stream.push(sender, gapOf(10, 20), rowsAt(2, [4, 5, 6]), markOf('end', 30))).toEqual([]);
    sender.data.fill(99); // belongs to the sender again: what is carried was copied
    const seen: Item[] = [];
    while (seen.length < 4) {
      await new Promise((resolve) => setImmediate(resolve));
      seen.push(...stream.push());
    }
    expect(brief(seen)).toEqual([
      ['chunk', 0, 10, 1, 2, 3],
      ['gap', 10, 20],
      ['chunk', 20, 30, 4, 5, 6],
      ['mark', 30, 30],
    ]);
  });

  it('does not depend on chunking', () => {
    const [chunk] = [chunkOf(0, noise(300, seeded(1)).map(Math.abs), 3)];
    expectChunkInvariant(carry({ width: WIDTH, spanRows: 1 }, oneByOne), [chunk, markOf('end', 100)], { runs: 50 });
  });
});

/** Gives each row as it came, one by one. */
const oneByOne: Stage = makeStage((_context, emit) => ({
  chunk(item) {
    for (let row = 0; row < item.rows; row++) emit(chunkOf(item.from + row, item.data.subarray(row, row + 1)));
  },
}));
