import { describe, expect, it } from 'vitest';
import { micros } from '../../src/base/units.ts';
import { createPump, ITEMS_PER_TURN, ROUND_US, type Seat, TURN_US } from '../../src/session/pump.ts';
import { openSession } from '../helpers/sessions.ts';
import { openTestPipeline } from '../server/test-pipelines.ts';

/** A pump whose time passes only with work, and whose event loop is a call: turns are counted, never timed. */
function table(usPerItem: number) {
  let now = 0;
  const rounds: (() => void)[] = [];
  const pump = createPump({ now: () => micros(now) }, (round) => rounds.push(round));
  /** Who worked, in order, with how many items. `|` stands where the event loop ran. */
  const log: string[] = [];
  return {
    log,
    time: () => now,
    join(name: string, waiting: { items: number }): Seat {
      return pump.join((itemsMax, until) => {
        let done = 0;
        while (waiting.items > 0 && done < itemsMax && (done === 0 || now < until)) {
          waiting.items--;
          done++;
          now += usPerItem;
        }
        log.push(`${name}${done}`);
        return waiting.items > 0;
      });
    },
    /** One look of the event loop; false when nobody asked for one. */
    loop(): boolean {
      const round = rounds.shift();
      if (!round) return false;
      log.push('|');
      round();
      return true;
    },
  };
}

describe('the pump', () => {
  it('gives each stream with work one turn a round, in the order they woke', () => {
    const { join, loop, log } = table(1);
    const seats = ['a', 'b', 'c'].map((name) => join(name, { items: 20 }));
    for (const seat of [...seats, ...seats]) seat.wake();
    while (loop());
    expect(log.join(' ')).toBe('| a16 b16 c16 | a4 b4 c4');
  });

  it('a burst of ten seconds on one stream costs the others a turn each time, not the burst', () => {
    const { join, loop, log } = table(50); // 50 us an item: 334 items of 30 ms, 17 ms of work
    const loud = { items: 334 };
    const quiet = Array.from({ length: 20 }, () => ({ items: 0 }));
    join('L', loud).wake();
    const seats = quiet.map((waiting, i) => join(`q${i}.`, waiting));
    let rounds = 0;
    while (loud.items > 0) {
      for (const [i, seat] of seats.entries()) {
        quiet[i]!.items++;
        seat.wake();
      }
      loop();
      rounds++;
      // Whoever woke before this look of the event loop was served in it, or comes before the loud one's next turn.
      const last = log.slice(log.lastIndexOf('|') + 1);
      expect(last.filter((turn) => turn.startsWith('L')).length).toBeLessThanOrEqual(1);
    }
    expect(rounds).toBeGreaterThanOrEqual(334 / ITEMS_PER_TURN);
    while (loop());
    const turns = log.filter((entry) => entry !== '|');
    // No turn of the loud one is longer than TURN_US, and between two of them everybody else has had one.
    expect(Math.max(...turns.filter((turn) => turn[0] === 'L').map((turn) => Number(turn.slice(1))))).toBe(
      TURN_US / 50,
    );
    const between = turns.join(' ').split(/L\d+/).slice(1, -1);
    for (const others of between) {
      for (let i = 0; i < 20; i++) expect(others).toContain(`q${i}.`);
    }
    expect(quiet.every(({ items }) => items === 0)).toBe(true);
  });

  it('lets the sockets in after ROUND_US, and goes on where it stopped', () => {
    const { join, loop, log, time } = table(400);
    for (let i = 0; i < 10; i++) join(`s${i}.`, { items: 1 }).wake();
    loop();
    expect(time()).toBe(ROUND_US);
    loop();
    expect(log.join(' ')).toBe('| s0.1 s1.1 s2.1 s3.1 s4.1 | s5.1 s6.1 s7.1 s8.1 s9.1');
    expect(loop()).toBe(false);
  });

  it('does at least one item of one stream, however slow they are', () => {
    const { join, loop, log } = table(100_000);
    join('a', { items: 2 }).wake();
    join('b', { items: 1 }).wake();
    while (loop());
    expect(log.join(' ')).toBe('| a1 | b1 | a1');
  });

  it('is obeyed by a session: one item at least, none from the given time on', async () => {
    const loaded = await openTestPipeline('energy', {});
    let now = 0;
    const clock = {
      now() {
        now += 100;
        return micros(now);
      },
    };
    const { session } = openSession(loaded, { rateHz: 16_000, width: 1 }, { clock });
    for (let i = 0; i < 6; i++) session.rows(new Float32Array(160));
    expect(session.work(ITEMS_PER_TURN, micros(now))).toBe(true);
    expect(session.offset).toBe(160);
    expect(session.work(2, micros(now + 1e6))).toBe(true);
    expect(session.offset).toBe(480);
    expect(session.work(ITEMS_PER_TURN, micros(now + 1e6))).toBe(false);
    expect(session.offset).toBe(960);
  });

  it('leaves a resting stream alone until it wakes', () => {
    const { join, loop, log } = table(1);
    const waiting = { items: 1 };
    const seat = join('a', waiting);
    seat.wake();
    seat.rest();
    while (loop());
    expect(log.join(' ')).toBe('|');
    seat.wake();
    while (loop());
    expect(log.join(' ')).toBe('| | a1');
  });
});
