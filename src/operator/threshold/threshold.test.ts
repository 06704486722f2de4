import { describe, expect, it } from 'vitest';
import { detectionOf, gapOf, markOf, seeded } from '../../../test/helpers/items.ts';
import { expectResumable, runStage } from '../../../test/helpers/run-stage.ts';
import type { Item } from '../../item/item.ts';
import type { ThresholdOptions } from './segment.ts';
import { threshold } from './threshold.ts';

const options = { name: 'vad', value: 'speech', on: 0.6, off: 0.4, minOnRows: 30, hangRows: 20 };
const stage = threshold(options);

/** One reading per 10 rows; null is a gap. */
const readings = (...values: (number | null)[]): Item[] =>
  values.map((speech, k) =>
    speech === null ? gapOf(10 * k, 10 * k + 10) : detectionOf('vad', 10 * k, 10 * k + 10, { speech }),
  );
const segments = (items: readonly Item[], settings: ThresholdOptions = options) =>
  runStage(threshold(settings), items).flatMap((item) =>
    item.kind === 'detection' && item.name !== 'vad' ? [[item.name, item.from, item.to, item.values.peak]] : [],
  );

describe('threshold', () => {
  it('tells a start once long enough and an end once quiet enough', () => {
    expect(segments(readings(0.1, 0.7, 0.5, 0.9, 0.5, 0.3, 0.2, 0.1))).toEqual([
      ['vad.start', 10, 40, 0.9],
      ['vad.end', 10, 50, 0.9],
    ]);
  });

  it('puts each right behind the reading that decided it, and passes every reading', () => {
    const items = readings(0.7, 0.7, 0.7, 0.1, 0.1, 0.1);
    const out = runStage(stage, items);
    expect(out.filter((item) => items.includes(item))).toEqual(items);
    expect(out.map((item) => (item.kind === 'detection' ? item.name : item.kind))).toEqual([
      'vad',
      'vad',
      'vad',
      'vad.start',
      'vad',
      'vad',
      'vad.end',
      'vad',
    ]);
    expect(out[3]).toMatchObject({ from: 0, to: 30, pts: 0 });
  });

  it('does not open between off and on, nor for a burst that is too short', () => {
    expect(segments([...readings(0.5, 0.5, 0.5, 0.5), markOf('end', 40)])).toEqual([]);
    expect(segments([...readings(0.9, 0.9, 0.1, 0.9, 0.9, 0.1), markOf('end', 60)])).toEqual([]);
  });

  it('keeps a segment over a pause shorter than the hang time', () => {
    expect(segments([...readings(0.9, 0.9, 0.9, 0.1, 0.9, 0.1), markOf('end', 60)])).toEqual([
      ['vad.start', 0, 30, 0.9],
      ['vad.end', 0, 50, 0.9],
    ]);
  });

  it('takes a gap for a pause', () => {
    for (const last of [detectionOf('vad', 70, 80, { speech: 0.1 }), markOf('end', 70)]) {
      expect(segments([...readings(0.9, 0.9, 0.9, null, 0.9, null, null), last])).toEqual([
        ['vad.start', 0, 30, 0.9],
        ['vad.end', 0, 50, 0.9],
      ]);
    }
    expect(segments([...readings(0.9, 0.9, null, 0.9), markOf('end', 40)])).toEqual([]);
  });

  it('says the same for a gap in one piece or in many, and nothing inside it', () => {
    const before = readings(0.9, 0.9, 0.9);
    const after = [detectionOf('vad', 100, 110, { speech: 0.9 }), markOf('end', 110)];
    const [one, many] = [[gapOf(30, 100)], [gapOf(30, 40), gapOf(40, 65), gapOf(65, 100)]].map((gaps) =>
      runStage(stage, [...before, ...gaps, ...after]).filter(({ kind }) => kind !== 'gap'),
    );
    expect(many).toEqual(one);
    const out = runStage(stage, [...before, gapOf(30, 100), ...after]);
    expect(out.map((item) => (item.kind === 'detection' ? item.name : item.kind)).slice(3)).toEqual([
      'vad.start',
      'gap',
      'vad.end',
      'vad',
      'mark',
    ]);
  });

  it('begins before the first loud reading, but in no gap, no other segment and not before a reset', () => {
    const live = { ...options, preRollRows: 25, tailRows: 15, rateHz: 16_000 };
    expect(segments([...readings(0, 0, 0, 0, 0.9, 0.9, 0.9, 0, 0, 0), markOf('end', 100)], live)).toEqual([
      ['vad.start', 15, 70, 0.9],
      ['vad.end', 15, 85, 0.9],
    ]);
    const early = runStage(threshold(live), readings(0, 0, 0, 0, 0.9, 0.9, 0.9)).at(-1);
    expect(early).toMatchObject({ name: 'vad.start', from: 15, pts: 938 });
    expect(segments(readings(0, null, 0, 0.9, 0.9, 0.9), live)).toEqual([['vad.start', 20, 60, 0.9]]);
    expect(segments(readings(0.9, 0.9, 0.9), live)).toEqual([['vad.start', 0, 30, 0.9]]);
    const second = segments(readings(0.9, 0.9, 0.9, 0, 0, 0, 0.9, 0.9, 0.9), live);
    expect(second.at(-1)).toEqual(['vad.start', 45, 90, 0.9]); // behind the tail of the first, which ends at 45
    const reset = [...readings(0, 0, 0), markOf('reset', 30), ...readings(0, 0, 0, 0.9, 0.9, 0.9, 0.9).slice(3)];
    expect(segments(reset, live)).toEqual([['vad.start', 30, 60, 0.9]]);
  });

  it('counts the least length from what was loud, not from the pre-roll', () => {
    const live = { ...options, preRollRows: 1000, rateHz: 16_000 };
    expect(segments(readings(0, 0, 0.9, 0.9, 0, 0, 0), live)).toEqual([]);
  });

  describe('with what readings lack', () => {
    const eager = { ...options, hangRows: 100, lack: { under: 0.5, rows: 10 }, tailRows: 10 };

    it('ends sooner the quieter it is, and counts the tail from where it began to fade', () => {
      // 0.5 a row: 10 rows lack 5, and twice that is enough.
      expect(segments(readings(0.9, 0.9, 0.9, 0, 0, 0), eager)).toEqual([
        ['vad.start', 0, 30, 0.9],
        ['vad.end', 0, 40, 0.9],
      ]);
      const wavering = segments(readings(0.9, 0.9, 0.9, 0.25, 0.25, 0.25, 0.25, 0.25), { ...eager, tailRows: 25 });
      expect(wavering.at(-1)).toEqual(['vad.end', 0, 55, 0.9]);
    });

    it('ends where noise keeps readings above off, and goes on where they recover', () => {
      const lingering = Array.from({ length: 10 }, () => 0.45);
      expect(
        segments(readings(0.9, 0.9, 0.9, ...lingering), { ...eager, lack: { under: 0.6, rows: 10 } }),
      ).toHaveLength(2);
      expect(
        segments(readings(0.9, 0.9, 0.9, ...lingering), { ...eager, lack: { under: 0.45, rows: 10 } }),
      ).toHaveLength(1);
      expect(segments(readings(0.9, 0.9, 0.9, 0.1, 0.9, 0.1, 0.9, 0.1, 0.9), eager)).toHaveLength(1);
    });

    it('asks for as much time whatever readings fall to, when none may lack more than so much', () => {
      const capped = { ...eager, lack: { under: 0.5, rows: 10, most: 0.25 } }; // 40 rows of a quarter
      for (const fallen of [0.25, 0.1, 0]) {
        const out = segments(readings(0.9, 0.9, 0.9, fallen, fallen, fallen, fallen, 0.9), capped);
        expect(out.at(-1)).toEqual(['vad.end', 0, 40, 0.9]);
        expect(segments(readings(0.9, 0.9, 0.9, fallen, fallen, fallen, 0.9), capped)).toHaveLength(1);
      }
      expect(
        segments([...readings(0.9, 0.9, 0.9, null, null), detectionOf('vad', 50, 60, { speech: NaN })], capped),
      ).toHaveLength(1);
    });

    it('has the tail end where the stream stands, at most', () => {
      expect(segments(readings(0.9, 0.9, 0.9, 0, 0), { ...eager, tailRows: 90 }).at(-1)).toEqual([
        'vad.end',
        0,
        50,
        0.9,
      ]);
    });

    it('resumes bitwise, and opens anew behind an end', () => {
      const random = seeded(5);
      const values = Array.from({ length: 100 }, () => (random() < 0.1 ? null : Math.fround(random())));
      expectResumable(threshold({ ...eager, minOnRows: 10 }), [...readings(...values), markOf('end', 1000)]);
      expect(segments(readings(0.9, 0.9, 0.9, 0, 0, 0.9, 0.9, 0.9), eager).map(([name]) => name)).toEqual([
        'vad.start',
        'vad.end',
        'vad.start',
      ]);
    });

    it.each([
      { under: 0.7, rows: 10 },
      { under: 0, rows: 10 },
      { under: 0.5, rows: 0 },
      { under: 0.5, rows: 10, most: 0 },
      { under: 0.5, rows: 10, most: Number.NaN },
    ])('refuses %o', (lack) => {
      expect(() => threshold({ ...options, lack })).toThrow(expect.objectContaining({ code: 'ERR_INVARIANT' }));
    });
  });

  it('drops the readings that it watches when asked to, and no others', () => {
    const items = [...readings(0.9, 0.9, 0.9, 0.1, 0.1), detectionOf('music', 50, 60, { speech: 1 })];
    const out = runStage(threshold({ ...options, readings: 'drop' }), items);
    expect(out.map((item) => (item.kind === 'detection' ? item.name : item.kind))).toEqual([
      'vad.start',
      'vad.end',
      'music',
    ]);
  });

  it.each([{ preRollRows: 1 }, { preRollRows: -1, rateHz: 16_000 }, { tailRows: 21 }, { on: 0.3 }])(
    'refuses %o',
    (wrong) => {
      expect(() => threshold({ ...options, ...wrong })).toThrow(expect.objectContaining({ code: 'ERR_INVARIANT' }));
    },
  );

  it('closes an open segment at end and at reset, but not at flush', () => {
    for (const what of ['end', 'reset'] as const) {
      const out = runStage(stage, [...readings(0.9, 0.9, 0.9, 0.9), markOf(what, 40)]);
      expect(out.at(-2)).toMatchObject({ name: 'vad.end', from: 0, to: 40 });
      expect(out.at(-1)).toMatchObject({ kind: 'mark', what });
    }
    expect(segments([...readings(0.9, 0.9, 0.9), markOf('flush', 30)])).toHaveLength(1);
  });

  it('watches one value of one name only', () => {
    const others = [
      detectionOf('music', 0, 40, { speech: 1 }),
      detectionOf('vad', 40, 80, { noise: 1 }),
      detectionOf('vad', 80, 120, { speech: NaN }),
    ];
    expect(runStage(stage, others)).toEqual(others);
  });

  it('gives as many ends as starts, in order, for any readings', () => {
    const random = seeded(3);
    for (let run = 0; run < 200; run++) {
      const values = Array.from({ length: 60 }, () => (random() < 0.1 ? null : random()));
      const settings = {
        ...options,
        minOnRows: 10 * Math.floor(random() * 4),
        hangRows: 10 * Math.floor(random() * 4),
      };
      const out = segments([...readings(...values), markOf('end', 600)], settings);
      expect(out.length % 2).toBe(0);
      let past = 0;
      for (let k = 0; k < out.length; k += 2) {
        const [start, end] = [out[k]!, out[k + 1]!];
        expect([start[0], end[0], start[1]]).toEqual(['vad.start', 'vad.end', end[1]]);
        expect(start[1]).toBeGreaterThanOrEqual(past);
        expect(end[2]).toBeGreaterThan(end[1] as number);
        expect((end[2] as number) - (end[1] as number)).toBeGreaterThanOrEqual(settings.minOnRows);
        past = end[2] as number;
      }
    }
  });

  it('resumes bitwise from a snapshot anywhere', () => {
    const random = seeded(4);
    const values = Array.from({ length: 100 }, () => (random() < 0.1 ? null : Math.fround(random())));
    const live = threshold({ ...options, preRollRows: 25, tailRows: 15, rateHz: 16_000 });
    for (const one of [stage, live]) expectResumable(one, [...readings(...values), markOf('end', 1000)]);
  });
});
