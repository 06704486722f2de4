// Measurements of a run of any length in bounded memory: when the room is full, every other one is let go, and from then
// on only every second, fourth, eighth comes in. What stays is spread evenly, so quantiles of it are quantiles of all.

export interface EveryKth<T> {
  add(value: T): void;
  /** At most `valuesMax`, in order. */
  readonly kept: readonly T[];
}

export function everyKth<T>(valuesMax = 16_384): EveryKth<T> {
  const kept: T[] = [];
  let seen = 0;
  let stride = 1;
  return {
    kept,
    add(value) {
      if (seen++ % stride !== 0) return;
      kept.push(value);
      if (kept.length < valuesMax) return;
      for (let i = 0; 2 * i < kept.length; i++) kept[i] = kept[2 * i]!;
      kept.length = Math.ceil(kept.length / 2);
      stride *= 2;
    },
  };
}
