// Fair timing on a machine that others use too: the candidates take turns, A B C A B C, so that a change of its speed meets
// all of them, and what is compared is what stood side by side. Medians and quartiles, never means or bests.

export interface Candidate {
  readonly name: string;
  /** The thing to time: a call runs to its end, or returns a promise of it. */
  readonly run: () => unknown;
}

export interface Interleaving {
  /** Turns that count. */
  readonly rounds: number;
  /** Calls in a turn. Default: as many as fill `roundMs`, found for each candidate by the warm-up. */
  readonly calls?: number;
  /** Default 20. */
  readonly roundMs?: number;
  /** With `calls`: whether a turn that does not count comes first. Default true. */
  readonly warmUp?: boolean;
  /** `cpu` (default): what all threads of this process worked, whatever else the machine does. `wall`: time that passed. */
  readonly clock?: 'wall' | 'cpu';
}

export interface Timing {
  readonly name: string;
  /** Microseconds a call, of each round in order. */
  readonly rounds: readonly number[];
  readonly median: number;
  /** First and third quartile. */
  readonly spread: readonly [low: number, high: number];
}

const wallUs = (): number => 1000 * performance.now();
function cpuUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}
const ROUND_MS = 20;
const CALLS_MAX = 1_000_000;
/** What takes this many rounds is dear, not interrupted: it is not run a second time to find out. */
const LONG = 50;

/** Times every candidate, by name, in the order given. */
export async function interleave(
  candidates: readonly Candidate[],
  { rounds, calls, roundMs = ROUND_MS, warmUp = true, clock = 'cpu' }: Interleaving,
): Promise<ReadonlyMap<string, Timing>> {
  const now = clock === 'wall' ? wallUs : cpuUs;
  const turns: { name: string; run: Candidate['run']; calls: number; costs: number[] }[] = [];
  for (const { name, run } of candidates) {
    turns.push({ name, run, calls: calls ?? (await callsThatFill(run, 1000 * roundMs, now)), costs: [] });
    if (calls !== undefined && warmUp) await repeat(run, calls);
  }
  for (let round = 0; round < rounds; round++) {
    for (const turn of turns) {
      const started = now();
      const pending = repeat(turn.run, turn.calls);
      if (pending) await pending;
      turn.costs.push((now() - started) / turn.calls);
    }
  }
  return new Map(turns.map(({ name, costs }) => [name, timing(name, costs)]));
}

/** Doubles until half a round is full, twice over, for a pause of the machine fills one too. The compiler has then seen the code. */
async function callsThatFill(run: Candidate['run'], roundUs: number, now: () => number): Promise<number> {
  const take = async (calls: number): Promise<number> => {
    const started = now();
    await repeat(run, calls);
    return now() - started;
  };
  for (let calls = 1; ; calls *= 2) {
    let took = await take(calls);
    if (took > roundUs / 2 && took < LONG * roundUs) took = Math.min(took, await take(calls));
    if (took > roundUs / 2) return Math.max(1, Math.round((calls * roundUs) / took));
    if (calls >= CALLS_MAX) return calls;
  }
}

/** Only what is asynchronous pays for a promise. */
function repeat(run: Candidate['run'], calls: number): Promise<void> | undefined {
  for (let i = 0; i < calls; i++) {
    const pending = run();
    if (pending instanceof Promise) return repeatAsync(run, calls - i - 1, pending);
  }
  return undefined;
}

async function repeatAsync(run: Candidate['run'], calls: number, first: Promise<unknown>): Promise<void> {
  await first;
  for (let i = 0; i < calls; i++) await run();
}

export function timing(name: string, rounds: readonly number[]): Timing {
  const at = (q: number): number => interpolated(rounds, q);
  return { name, rounds, median: at(0.5), spread: [at(0.25), at(0.75)] };
}

/** How many times `a` costs what `b` does: the median of the rounds' ratios, for a round's two stood side by side. */
export function ratioOf(a: Timing, b: Timing): number {
  return interpolated(
    a.rounds.map((cost, round) => cost / b.rounds[round]!),
    0.5,
  );
}

/** Linear between the two nearest ranks, as R's type 7. */
function interpolated(values: readonly number[], q: number): number {
  const sorted = Float64Array.from(values).sort();
  const at = q * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(at)]!, sorted[Math.ceil(at)]!];
  return low + (at - Math.floor(at)) * (high - low);
}
