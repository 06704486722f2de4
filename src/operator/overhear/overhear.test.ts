import { describe, expect, it } from 'vitest';
import { chunkOf, detectionOf, gapOf, markOf, seeded } from '../../../test/helpers/items.ts';
import { expectResumable, openStream, runStage } from '../../../test/helpers/run-stage.ts';
import { f64 } from '../../cell/state.ts';
import { makeStage } from '../make-stage.ts';
import { overhear } from './index.ts';

/** Says at every even row how many rows there were; swallows everything but marks. */
const counting = (slot: string) =>
  makeStage((context, emit) => {
    const { count } = context.state(slot, { count: f64(1) }, ({ at }) => at.count.fill(0)).at;
    return {
      chunk(item) {
        for (let row = 0; row < item.rows; row++) {
          count[0]! += 1;
          if (count[0]! % 2 === 0) emit(detectionOf(slot, item.from + row, item.from + row + 1, { rows: count[0]! }));
        }
      },
      gap: () => undefined,
    };
  });

/** Answers every detection that it sees. */
const gossip = makeStage((_context, emit) => ({ detection: () => emit(detectionOf('never', 0, 0, {})) }));

describe('overhear', () => {
  it('passes every item, and puts what the stages say in front of what they heard', () => {
    const items = [
      chunkOf(0, [1]),
      chunkOf(1, [2, 3, 4]),
      gapOf(4, 6),
      detectionOf('other', 6, 7, {}),
      markOf('end', 7),
    ];
    const out = runStage(overhear([gossip, counting('side')]), items);
    expect(out.filter((item) => items.includes(item as never))).toEqual(items);
    expect(out.map((item) => (item.kind === 'detection' ? item.name : item.kind))).toEqual([
      ...['chunk', 'side', 'side', 'chunk', 'gap', 'other', 'mark'],
    ]);
  });

  it('can be inside another, and resumes bitwise', () => {
    const stage = overhear([overhear([counting('inner')]), counting('outer')]);
    const out = runStage(stage, [chunkOf(0, [1, 2])]);
    expect(out.map((item) => (item.kind === 'detection' ? item.name : item.kind))).toEqual(['inner', 'outer', 'chunk']);
    const random = seeded(1);
    const data = Float32Array.from({ length: 50 }, random);
    expectResumable(stage, [chunkOf(0, data), gapOf(50, 60), chunkOf(60, data), markOf('end', 110)], { runs: 50 });
  });

  it('ends with the error of a stage, and with that of its source', () => {
    const broken = makeStage(() => ({
      chunk() {
        throw new Error('broken');
      },
    }));
    expect(() => openStream(overhear([broken])).push(chunkOf(0, [1]))).toThrow('broken');
    expect(() => openStream([broken, overhear([counting('side')])]).push(chunkOf(0, [1]))).toThrow('broken');
  });
});
