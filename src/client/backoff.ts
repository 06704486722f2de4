// How long a client waits before it connects again: full jitter (anything from 0 to a bound that doubles), so that a
// thousand clients of a server that restarts do not come back in one instant. Marc Brooker, "Exponential Backoff And
// Jitter", 2015. Which closes are worth another try: protocol.md's table.

export interface Backoff {
  /** Milliseconds to wait before the next try. */
  next(): number;
  /** A connection stood for `ms`: long enough, and the next trouble is a new one. */
  stood(ms: number): void;
}

const FIRST_MS = 150;
const MOST_MS = 5000;
const STABLE_MS = 5000;

/** @param random in [0, 1) */
export function createBackoff(random: () => number = Math.random): Backoff {
  let bound = FIRST_MS;
  return {
    next() {
      const wait = random() * bound;
      bound = Math.min(2 * bound, MOST_MS);
      return wait;
    },
    stood(ms) {
      if (ms >= STABLE_MS) bound = FIRST_MS;
    },
  };
}

/** Lost without a word (0, 1005, 1006), going away, restarting, at capacity, an internal fault, idle, over a rate. */
const WORTH_A_TRY: ReadonlySet<number> = new Set([0, 1001, 1005, 1006, 1011, 1012, 1013, 4408, 4429]);

/** The token has expired. */
const EXPIRED = 4401;

/** @param canRenew the next connection shows another token */
export const isWorthATry = (closeCode: number, canRenew: boolean): boolean =>
  WORTH_A_TRY.has(closeCode) || (canRenew && closeCode === EXPIRED);
