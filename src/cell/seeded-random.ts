// Reproducible numbers for sample weights, laws and tests: the same seed gives the same stream on every machine.
// mulberry32 (Tommy Ettinger, public domain): integer arithmetic only. Not for secrets.

/** Uniform in [-1, 1), float32-exact in steps of 2^-23. Call the result once per number. */
export function seededRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (((t ^ (t >>> 14)) >>> 8) - 8388608) / 8388608;
  };
}
