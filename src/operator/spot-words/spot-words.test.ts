import { describe, expect, it } from 'vitest';
import { chunkOf, gapOf, markOf, seeded } from '../../../test/helpers/items.ts';
import { openStream, runStage } from '../../../test/helpers/run-stage.ts';
import type { Item } from '../../item/item.ts';
import { loudness, spotWords } from './index.ts';

const SPAN = 160;
const options = {
  ...{ name: 'keyword', words: ['yes', 'no thanks'], thresholds: [0.5, 0.6], spanRows: SPAN, rateHz: 16_000 },
  ...{ spanHops: 4, settleHops: 3, refractoryHops: 5 },
};
const stage = spotWords(options);

/** Hops from hop `from` on as one chunk: [loudness, yes, no thanks] each. */
function hops(from: number, rows: readonly (readonly [number, number, number])[]): Item {
  const chunk = chunkOf(0, rows.flat(), 3);
  return { ...chunk, from: from * SPAN, to: (from + rows.length) * SPAN, pts: (from * 10_000) as never };
}
type Row = readonly [number, number, number];
const quiet = (count: number): Row[] => Array.from({ length: count }, () => [-13, 0, 0]);
const sound = (count: number, yes = 0, no = 0): Row[] => Array.from({ length: count }, () => [0, yes, no]);
const words = (items: readonly Item[]) =>
  items.flatMap((item) =>
    item.kind === 'detection' ? [[item.name, item.from / SPAN, item.to / SPAN, item.values.score]] : [],
  );
const said = (rows: readonly Row[], settings = options) =>
  words(runStage(spotWords(settings), [hops(0, rows), markOf('end', rows.length * SPAN)]));

describe('spotWords', () => {
  it('says a word once, with its score, and where it lay', () => {
    const rows = [
      ...quiet(20),
      ...sound(30),
      ...sound(5, 0.75),
      ...quiet(3).map((): Row => [-13, 0.75, 0]),
      ...quiet(30),
    ];
    // The probability rises at hop 50, as taught: 50 ms before the word's end.
    expect(said(rows)).toEqual([['keyword.yes', 20, 54, 0.75]]);
  });

  it('finds where a word began of which the model was sure only a while after its end', () => {
    const rows = [...quiet(20), ...sound(30), ...quiet(25), ...quiet(8).map((): Row => [-13, 0.75, 0]), ...quiet(30)];
    const [[, from, to]] = said(rows) as [[string, number, number]];
    expect(from).toBe(20);
    expect(to).toBe(79); // four hops after the rise, as for every word
  });

  it('says nothing below the threshold, of the word that it is for', () => {
    expect(said([...quiet(20), ...sound(10, 0.49, 0.59), ...quiet(30)])).toEqual([]);
    expect(said([...quiet(20), ...sound(10, 0.49, 0.625), ...quiet(30)])[0]![0]).toBe('keyword.no_thanks');
    expect(said([...quiet(20), ...sound(1, 1, 1), ...quiet(30)])).toEqual([]); // a hop is no mean of four
  });

  it('gives one answer for an utterance: the word that is farthest over its threshold', () => {
    const both = [...quiet(20), ...sound(3, 0.7, 0), ...sound(6, 0.7, 1), ...quiet(30)];
    expect(said(both)).toMatchObject([['keyword.no_thanks', 20, expect.any(Number), 1]]);
  });

  it('does not say a word again until its probability has fallen', () => {
    expect(said([...quiet(20), ...sound(200, 0.9), ...quiet(30)])).toHaveLength(1);
    const twice = [...sound(10, 0.9), ...quiet(15)];
    const found = said([...quiet(20), ...twice, ...twice, ...quiet(30)]);
    expect(found).toHaveLength(2);
    expect(found[1]![1]).toBeGreaterThanOrEqual(found[0]![2] as number);
  });

  it('waits no longer than twice the settle time for something better', () => {
    const rising = Array.from({ length: 60 }, (_, k): Row => [0, 0.5 + k / 120, 0]);
    const stream = openStream(stage);
    const at = rising.findIndex((row, k) => words(stream.push(hops(k, [row]))).length > 0);
    expect(at).toBeGreaterThan(0);
    expect(at).toBeLessThanOrEqual(4 + 2 * options.settleHops);
  });

  it('decides on what was heard when a gap, an end or a reset comes', () => {
    const heard = hops(0, [...quiet(20), ...sound(5, 0.9)]);
    for (const next of [gapOf(25 * SPAN, 30 * SPAN), markOf('end', 25 * SPAN), markOf('reset', 25 * SPAN)]) {
      const out = runStage(stage, [heard, next]);
      expect(out.map(({ kind }) => kind)).toEqual(['detection', next.kind]);
    }
    expect(words(runStage(stage, [heard, markOf('flush', 25 * SPAN)]))).toEqual([]);
  });

  it('takes a gap for silence, in one piece or in many', () => {
    const before = hops(0, [...quiet(20), ...sound(5, 0.9)]);
    const after = [hops(45, [...sound(8, 0.9), ...quiet(20)]), markOf('end', 73 * SPAN)];
    const run = (...gaps: [number, number][]) =>
      runStage(stage, [before, ...gaps.map(([from, to]) => gapOf(from * SPAN, to * SPAN)), ...after]).filter(
        ({ kind }) => kind !== 'gap',
      );
    const whole = run([25, 45]);
    expect(words(whole)).toHaveLength(2);
    expect(run([25, 26], [26, 27], [27, 45])).toEqual(whole);
    const short = runStage(stage, [
      before,
      gapOf(25 * SPAN, 26 * SPAN),
      hops(26, sound(2, 0.9)),
      markOf('end', 28 * SPAN),
    ]);
    expect(words(short)).toHaveLength(1); // the same word, cut in two by a lost hop
  });

  it('gives the probabilities of every hop when asked to, in front of what they decide', () => {
    const out = runStage(spotWords({ ...options, probabilities: true }), [
      hops(3, [...sound(1, 0.25, 0.5), ...sound(9, 0.75)]),
      markOf('end', 13 * SPAN),
    ]);
    expect(out).toHaveLength(12);
    expect(out[0]).toMatchObject({ name: 'keyword', from: 480, to: 640, values: { yes: 0.25, no_thanks: 0.5 } });
    expect(words(out.slice(4, 9)).map(([name]) => name)).toContain('keyword.yes');
  });

  it('finds the same words for any chunking, and resumes bitwise anywhere', () => {
    const random = seeded(5);
    let p = [0, 0];
    const rows = Array.from({ length: 400 }, (_, k): Row => {
      if (k % 9 === 0) p = p.map(() => Math.fround(random() < 0.3 ? random() : 0));
      return [Math.fround(10 * random() - 10), p[0]!, p[1]!];
    });
    const single = rows.map((row, k) => hops(k, [row]));
    const items = [
      ...single.slice(0, 200),
      markOf('reset', 200 * SPAN),
      ...single.slice(200),
      markOf('end', 400 * SPAN),
    ];
    const whole = runStage(stage, [
      hops(0, rows.slice(0, 200)),
      markOf('reset', 200 * SPAN),
      hops(200, rows.slice(200)),
      markOf('end', 400 * SPAN),
    ]);
    expect(words(whole).length).toBeGreaterThan(5);
    expect(runStage(stage, items)).toEqual(whole);
    for (let cut = 0; cut < items.length; cut += 7) {
      const first = openStream(stage);
      const before = first.push(...items.slice(0, cut));
      expect([...before, ...openStream(stage, first.snapshot()).push(...items.slice(cut))], `cut ${cut}`).toEqual(
        whole,
      );
    }
    expect(openStream(stage).stateBytes()).toBeLessThan(1000);
  });
});

describe('loudness', () => {
  it('puts the mean of a row in front of it', () => {
    const [out] = runStage(loudness(), [chunkOf(0, [1, 3, -2, 0], 2)]);
    expect(out).toMatchObject({ width: 3, rows: 2, data: Float32Array.of(2, 1, 3, -1, -2, 0) });
  });
});
