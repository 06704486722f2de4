import { describe, expect, it } from 'vitest';
import { chunkOf, cutRandomly, gapOf, markOf, noise, printed, rowsOf, seeded } from '../../../test/helpers/items.ts';
import { expectChunkInvariant, expectResumable, runStage } from '../../../test/helpers/run-stage.ts';
import type { Item } from '../../item/item.ts';
import { rehop } from '../rehop/rehop.ts';
import { concealGap } from './conceal-gap.ts';

const stage = concealGap({ maxRows: 4, width: 2 });
const kinds = (items: readonly Item[]) => items.map(({ kind, from, to }) => `${kind} ${from} ${to}`);

describe('concealGap', () => {
  it('holds the last row, fades it to zero, and says so', () => {
    const out = runStage(stage, [chunkOf(0, [9, 9, 1, -2], 2), gapOf(2, 6), chunkOf(6, [5, 5], 2)]);
    expect(kinds(out)).toEqual(['chunk 0 2', 'chunk 2 6', 'detection 2 6', 'chunk 6 7']);
    expect([...rowsOf([out[1]!])]).toEqual([0.75, -1.5, 0.5, -1, 0.25, -0.5, 0, -0]);
    expect(out[1]).toMatchObject({ rows: 4, width: 2, pts: 125 });
    expect(out[2]).toEqual({ kind: 'detection', from: 2, to: 6, pts: 125, name: 'concealed', values: { rows: 4 } });
  });

  it('passes longer gaps, and the gaps right behind them', () => {
    const items = [chunkOf(0, [1, 1], 2), gapOf(1, 6), gapOf(6, 7), chunkOf(7, [1, 1], 2), gapOf(8, 9)];
    expect(kinds(runStage(stage, items))).toEqual([
      'chunk 0 1',
      'gap 1 6',
      'gap 6 7',
      'chunk 7 8',
      'chunk 8 9',
      'detection 8 9',
    ]);
  });

  it('goes on fading over gaps in a row, and counts them together', () => {
    const out = runStage(stage, [chunkOf(0, [1, 1], 2), gapOf(1, 3), gapOf(3, 4, 'late'), gapOf(4, 6)]);
    expect(kinds(out)).toEqual(['chunk 0 1', 'chunk 1 3', 'detection 1 3', 'chunk 3 4', 'detection 3 4', 'gap 4 6']);
    expect([...rowsOf(out)].filter((_, k) => k % 2 === 0)).toEqual([1, 0.75, 0.5, 0.25]);
  });

  it('knows nothing of the rows before a reset', () => {
    const out = runStage(stage, [chunkOf(0, [1, 1], 2), markOf('reset', 1), gapOf(1, 2)]);
    expect([...rowsOf(out.slice(2))]).toEqual([0, 0]);
  });

  const rows = noise(4000, seeded(1));
  const stream: Item[] = [
    chunkOf(0, rows.subarray(0, 1000), 2),
    gapOf(500, 503),
    chunkOf(503, rows.subarray(1006, 2000), 2),
    gapOf(1000, 1400),
    chunkOf(1400, rows.subarray(2800), 2),
    markOf('end', 2000),
  ];
  it('gives the same rows for any chunking', () => {
    expectChunkInvariant([stage, rehop({ hopRows: 160, width: 2, rateHz: 16000 })], stream);
    const pieces = cutRandomly(stream, seeded(2));
    expect(rowsOf(runStage(stage, pieces))).toEqual(rowsOf(runStage(stage, stream)));
    expect(printed(runStage(stage, stream))).toHaveLength(stream.length + 1);
  });
  it('resumes bitwise from a snapshot anywhere', () => expectResumable(stage, stream));
});
