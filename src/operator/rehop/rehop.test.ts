import { describe, expect, it } from 'vitest';
import { chunkOf, detectionOf, gapOf, markOf, noise, rowsOf, seeded } from '../../../test/helpers/items.ts';
import { expectChunkInvariant, expectResumable, openStream, runStage } from '../../../test/helpers/run-stage.ts';
import type { Item } from '../../item/item.ts';
import { rehop } from './rehop.ts';

const stage = rehop({ hopRows: 160, width: 2, rateHz: 16000 });
const random = seeded(7);
const pairs = (from: number, to: number): Item => chunkOf(from, noise(2 * (to - from), random), 2);

/** Data, gaps that touch hops in every way, a flush, a reset off the grid, and an end inside a hop. */
const stream: Item[] = [
  pairs(0, 500),
  gapOf(500, 700),
  pairs(700, 720),
  gapOf(720, 730, 'shed'),
  pairs(730, 1000),
  markOf('flush', 1000),
  gapOf(1000, 1280, 'late'),
  pairs(1280, 1500),
  markOf('reset', 1500),
  pairs(1500, 2100),
  markOf('end', 2100),
];

const places = (items: readonly Item[]) =>
  items.map(({ kind, from, to, ...rest }) => [kind, from, to, ...('why' in rest ? [rest.why] : [])]);

describe('rehop', () => {
  it('cuts rows into whole hops and keeps every value', () => {
    const rows = pairs(0, 960);
    const out = runStage(stage, [rows]);
    expect(out.map((item) => [item.from, item.to, item.pts])).toEqual(
      [0, 160, 320, 480, 640, 800].map((from) => [from, from + 160, (from * 1e6) / 16000]),
    );
    expect(rowsOf(out)).toEqual(rowsOf([rows]));
  });

  it('gives up every hop that a gap touches, and declares it', () => {
    expect(places(runStage(stage, stream))).toEqual([
      ['chunk', 0, 160],
      ['chunk', 160, 320],
      ['chunk', 320, 480],
      ['gap', 480, 640, 'lost'],
      ['gap', 640, 800, 'lost'], // touched first by the lost rows, then by the shed ones
      ['chunk', 800, 960],
      ['mark', 1000, 1000],
      ['gap', 960, 1280, 'late'],
      ['chunk', 1280, 1440],
      ['gap', 1440, 1500, 'client'],
      ['mark', 1500, 1500],
      ['chunk', 1500, 1660],
      ['chunk', 1660, 1820],
      ['chunk', 1820, 1980],
      ['chunk', 1980, 2100],
      ['mark', 2100, 2100],
    ]);
  });

  it('pads the last hop with zeros and states its true end', () => {
    const [hop] = runStage(stage, [chunkOf(0, [1, 2, 3, 4], 2), markOf('end', 2)]);
    expect(hop).toMatchObject({ kind: 'chunk', from: 0, to: 2, rows: 160, width: 2 });
    expect([...rowsOf([hop!])]).toEqual([1, 2, 3, 4, ...new Array(316).fill(0)]);
  });

  it('ends a touched last hop at the true end, too', () => {
    expect(places(runStage(stage, [gapOf(0, 10), pairs(10, 50), markOf('end', 50)]))).toEqual([
      ['gap', 0, 50, 'lost'],
      ['mark', 50, 50],
    ]);
  });

  it('emits nothing for a partial hop on flush', () => {
    expect(places(runStage(stage, [pairs(0, 100), markOf('flush', 100), pairs(100, 160)]))).toEqual([
      ['mark', 100, 100],
      ['chunk', 0, 160],
    ]);
  });

  it('covers every row exactly once, whatever was lost', () => {
    const random = seeded(11);
    for (let run = 0; run < 300; run++) {
      const items: Item[] = [];
      let at = 0;
      for (let k = 0; k < 12; k++) {
        const to = at + 1 + Math.floor(random() * 400);
        items.push(random() < 0.4 ? gapOf(at, to) : pairs(at, to));
        at = to;
      }
      const out = runStage(stage, [...items, markOf('end', at)]).slice(0, -1);
      expect(out[0]!.from).toBe(0);
      expect(out.at(-1)!.to).toBe(at);
      for (let k = 1; k < out.length; k++) expect(out[k]!.from).toBe(out[k - 1]!.to);
      for (const item of out.slice(0, -1)) expect(item.to % 160).toBe(0);
    }
  });

  it('passes other kinds in order', () => {
    const heard = detectionOf('vad', 0, 10, { speech: 1 });
    expect(runStage(stage, [heard, pairs(0, 10)])).toEqual([heard]);
  });

  it('refuses rows that do not follow on', () => {
    const open = openStream(stage);
    open.push(pairs(0, 10));
    expect(() => open.push(pairs(11, 20))).toThrow(/does not start where/);
  });

  it('lets whole hops of a chunk leave together when asked to, the same rows on the same grid', () => {
    const together = rehop({ hopRows: 160, width: 2, rateHz: 16000, hopsMax: 3 });
    const out = runStage(together, stream);
    expect(out.filter((item) => item.kind === 'chunk').map((item) => [item.from, item.to])).toEqual([
      [0, 480],
      [800, 960],
      [1280, 1440],
      [1500, 1980],
      [1980, 2100],
    ]);
    expect(rowsOf(out)).toEqual(rowsOf(runStage(stage, stream)));
    expectResumable(together, stream);
  });

  it('gives the same items for any chunking', () => expectChunkInvariant(stage, stream));
  it('resumes bitwise from a snapshot anywhere', () => expectResumable(stage, stream));
});
