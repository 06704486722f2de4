// A beat that does not drift: each wait ends at a multiple of the period after the first.

/** @param periodMs 0: no waiting, only a turn of the event loop */
export function pace(periodMs: number): () => Promise<void> {
  const started = performance.now();
  let beats = 0;
  return () => {
    const wait = started + beats++ * periodMs - performance.now();
    if (periodMs === 0 || wait <= 0) return new Promise((resolve) => setImmediate(resolve));
    return new Promise((resolve) => setTimeout(resolve, wait));
  };
}
