// How often somebody may: a bucket that fills evenly and holds one minute's worth. Bounded: who would be one too many to
// remember pushes out who came first, so many addresses cost one table and no more.

export interface Rate {
  /** Takes one, if there is one left. */
  take(who: string): boolean;
}

const REMEMBERED_MAX = 65_536;
const MINUTE_MS = 60_000;

/** @param nowMs any clock that only goes forward */
export function createRate(perMinute: number, nowMs: () => number): Rate {
  const buckets = new Map<string, { left: number; at: number }>();
  return {
    take(who) {
      const now = nowMs();
      const { left, at } = buckets.get(who) ?? { left: perMinute, at: now };
      const filled = Math.min(perMinute, left + ((now - at) * perMinute) / MINUTE_MS);
      const allowed = filled >= 1;
      buckets.delete(who); // to the end of the order
      buckets.set(who, { left: allowed ? filled - 1 : filled, at: now });
      if (buckets.size > REMEMBERED_MAX) buckets.delete(buckets.keys().next().value!);
      return allowed;
    },
  };
}
