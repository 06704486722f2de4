// Latencies in bounded memory: buckets that grow with the value, 64 an octave as in HDR histograms, so any quantile is right
// to 1.6 % however many values came. Whole microseconds from 0 to 2^31 (36 minutes); larger ones count as that.

const SUB_BITS = 6;
const SUB_BUCKETS = 1 << SUB_BITS;
const VALUE_MAX = 2 ** 31 - 1;
const BUCKETS = bucketOf(VALUE_MAX) + 1;

/** What crosses a process border: the buckets that hold something, as [bucket, count]. */
export interface PlainHistogram {
  readonly max: number;
  readonly counts: readonly (readonly [number, number])[];
}

export interface Histogram {
  readonly count: number;
  readonly max: number;
  record(us: number): void;
  /** The value (us) that a share `q` of all does not exceed; NaN when there are none. */
  quantile(q: number): number;
  add(other: PlainHistogram): void;
  plain(): PlainHistogram;
  reset(): void;
}

export function createHistogram(): Histogram {
  const counts = new Uint32Array(BUCKETS);
  let count = 0;
  let max = 0;
  return {
    get count() {
      return count;
    },
    get max() {
      return max;
    },
    record(us) {
      const value = Math.min(VALUE_MAX, Math.max(0, Math.round(us)));
      counts[bucketOf(value)]!++;
      count++;
      if (value > max) max = value;
    },
    quantile(q) {
      if (count === 0) return Number.NaN;
      let left = Math.max(1, Math.ceil(q * count));
      for (let bucket = 0; bucket < BUCKETS; bucket++) {
        left -= counts[bucket]!;
        if (left <= 0) return Math.min(max, highestOf(bucket));
      }
      return max;
    },
    add(other) {
      for (const [bucket, more] of other.counts) {
        counts[bucket]! += more;
        count += more;
      }
      max = Math.max(max, other.max);
    },
    plain() {
      const filled = Array.from(counts, (many, bucket) => [bucket, many] as const).filter(([, many]) => many > 0);
      return { max, counts: filled };
    },
    reset() {
      counts.fill(0);
      count = max = 0;
    },
  };
}

/** Values below 128 have a bucket each; above, the seven leading bits say which. */
function bucketOf(value: number): number {
  const shift = Math.max(0, 31 - SUB_BITS - Math.clz32(value));
  return shift * SUB_BUCKETS + (value >>> shift);
}

function highestOf(bucket: number): number {
  const shift = Math.max(0, Math.floor(bucket / SUB_BUCKETS) - 1);
  return (bucket - shift * SUB_BUCKETS + 1) * 2 ** shift - 1;
}
