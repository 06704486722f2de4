import { describe, expect, it } from 'vitest';
import type { Source } from '../source/source.ts';
import { createProgress, type ProgressOptions, type Terminal } from './progress.ts';

const source = (more: Partial<Source> = {}): Source => ({
  kind: 'audio',
  live: false,
  rateHz: 16_000,
  width: 1,
  names: ['channel1'],
  seconds: 6 * 3600,
  blocks: () => {
    throw new Error('not read here');
  },
  close: async () => undefined,
  ...more,
});

/** A terminal that keeps what was written, and a clock set by hand. */
function open(columns: number, from = source(), options: Partial<ProgressOptions> = {}, isTTY = true) {
  const writes: string[] = [];
  const terminal: Terminal = { isTTY, columns, write: (text) => writes.push(text) };
  const clock = { ms: 0 };
  const progress = createProgress(from, { shown: true, terminal, now: () => clock.ms, ...options });
  /** What stands on the line now. */
  const line = () => writes.at(-1)!.replace(/^\r/, '').replace('\x1b[K', '');
  return { progress, writes, clock, line };
}

const hour = 3600 * 16_000;

describe('the progress line', () => {
  it('says percent, time done, speed and time left beside a bar', () => {
    const { progress, clock, line } = open(100);
    clock.ms = 72_000;
    progress.at(1.5 * hour);
    expect(line()).toBe('[#######.......................]   25 %  1:30:00 of 6:00:00  75 x real time  3:36 left');
  });

  it('loses its bar, then its last words on narrower terminals, and never wraps', () => {
    const at = (columns: number) => {
      const { progress, clock, line } = open(columns);
      clock.ms = 72_000;
      progress.at(1.5 * hour);
      expect(line().length).toBeLessThan(columns);
      return line();
    };
    expect(at(70)).toBe('[###..........]   25 %  1:30:00 of 6:00:00  75 x real time  3:36 left');
    expect(at(60)).toBe('25 %  1:30:00 of 6:00:00  75 x real time  3:36 left');
    expect(at(42)).toBe('25 %  1:30:00 of 6:00:00  75 x real time');
    expect(at(30)).toBe('25 %  1:30:00 of 6:00:00');
    for (let columns = 4; columns < 130; columns++) expect(at(columns)).toMatch(/\d/);
  });

  it('is repainted ten times a second at most, and not at all at first', () => {
    const { progress, writes, clock } = open(80);
    for (clock.ms = 0; clock.ms < 3000; clock.ms += 7) progress.at(clock.ms * 1600);
    expect(writes.length).toBeGreaterThan(20);
    expect(writes.length).toBeLessThanOrEqual(26);
  });

  it('ends with a line that stays', () => {
    const { progress, clock, writes } = open(80);
    clock.ms = 1000;
    progress.at(hour);
    clock.ms = 414_000;
    progress.done(6 * hour);
    expect(writes.at(-1)).toBe('\r6:00:00 done in 6:54  52 x real time\x1b[K\n');
  });

  it('makes way for other lines', () => {
    const { progress, clock, writes } = open(80);
    progress.clear();
    expect(writes).toEqual([]);
    clock.ms = 600;
    progress.at(hour);
    progress.clear();
    progress.clear();
    expect(writes).toHaveLength(2);
    expect(writes[1]).toBe('\r\x1b[K');
  });

  it('knows only time and speed where the length is unknown, and rows of a sensor', () => {
    const pipe = open(80, source({ live: true, seconds: 0 }));
    pipe.clock.ms = 1000;
    pipe.progress.at(hour / 60);
    expect(pipe.line()).toBe('1:00  60 x real time');
    const sensor = open(80, source({ kind: 'sensor', rateHz: 0, seconds: 0 }));
    sensor.clock.ms = 2000;
    sensor.progress.at(9000);
    expect(sensor.line()).toBe('9000 rows  4500 rows/s');
  });

  it('of a resumed stream counts only what was done now', () => {
    const { progress, clock, line } = open(80, source(), { firstRow: 5 * hour });
    clock.ms = 36_000;
    progress.at(5.5 * hour);
    expect(line()).toMatch(/91 % {2}5:30:00 of 6:00:00 {2}50 x real time {2}0:36 left/);
  });

  it('is silent where nobody looks, when told to be, and when it was over at once', () => {
    for (const { progress, clock, writes } of [open(80, source(), {}, false), open(80, source(), { shown: false })]) {
      clock.ms = 5000;
      progress.at(hour);
      progress.clear();
      progress.done(hour);
      expect(writes).toEqual([]);
    }
    const { progress, clock, writes } = open(80);
    clock.ms = 300;
    progress.at(hour);
    progress.done(hour);
    expect(writes).toEqual([]);
  });
});
