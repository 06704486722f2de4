import { describe, expect, it } from 'vitest';
import { interleave, ratioOf, timing } from './interleave.ts';

describe('interleave', () => {
  it('lets the candidates take turns, after each has warmed up', async () => {
    const order: string[] = [];
    const candidate = (name: string) => ({ name, run: () => void order.push(name) });
    const timings = await interleave([candidate('a'), candidate('b')], { rounds: 3, calls: 2 });
    expect(order.join('')).toBe('aabb'.repeat(4));
    expect([...timings.keys()]).toEqual(['a', 'b']);
    expect(timings.get('a')!.rounds).toHaveLength(3);
  });

  it('awaits every call of an asynchronous candidate before the next', async () => {
    let under = 0;
    let calls = 0;
    const run = async () => {
      expect(++under).toBe(1);
      await new Promise((resolve) => setImmediate(resolve));
      under--;
      calls++;
    };
    await interleave([{ name: 'async', run }], { rounds: 2, calls: 5 });
    expect(calls).toBe(15);
  });

  it('finds how many calls fill a round by itself, the dearer the fewer', async () => {
    const spin = (turns: number) => {
      let calls = 0;
      let sum = 0;
      const run = () => {
        calls++;
        for (let i = 0; i < turns; i++) sum += Math.sqrt(i);
        if (sum < 0) throw new Error('never');
      };
      return { run, count: () => calls };
    };
    const [cheap, dear] = [spin(100), spin(100_000)];
    await interleave(
      [
        { name: 'cheap', run: cheap.run },
        { name: 'dear', run: dear.run },
      ],
      { rounds: 2, roundMs: 10 },
    );
    expect(cheap.count()).toBeGreaterThan(5 * dear.count());
    expect(dear.count()).toBeGreaterThanOrEqual(3); // one to warm up, one a round
  });

  it('measures CPU time: sleeping costs next to nothing of it', async () => {
    const sleep = () => new Promise((resolve) => setTimeout(resolve, 60));
    const asked = { rounds: 3, calls: 2 } as const;
    const wall = (await interleave([{ name: 'sleep', run: sleep }], { ...asked, clock: 'wall' })).get('sleep')!;
    const cpu = (await interleave([{ name: 'sleep', run: sleep }], asked)).get('sleep')!;
    expect(wall.median).toBeGreaterThan(55_000);
    expect(cpu.median).toBeLessThan(wall.median / 2);
  });
});

describe('what rounds say', () => {
  it('gives median and quartiles', () => {
    expect(timing('a', [5, 1, 4, 2, 3])).toMatchObject({ median: 3, spread: [2, 4] });
    expect(timing('a', [2, 1])).toMatchObject({ median: 1.5, spread: [1.25, 1.75] });
    expect(timing('a', [7])).toMatchObject({ median: 7, spread: [7, 7] });
  });

  it('takes a ratio round by round, so that a slow spell of the machine cancels out', () => {
    const a = timing('a', [10, 100, 12]); // the second round met a machine ten times slower
    const b = timing('b', [5, 50, 6]);
    expect(ratioOf(a, b)).toBe(2);
  });
});
