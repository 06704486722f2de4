// Times of results, per pipeline, as a Prometheus histogram: counts in fixed buckets, added to for every result of every
// stream. prom-client's own histogram looks labels up in an object of strings each time; here that happens when it is read.

import type { Metric } from 'prom-client';

/** Seconds; what is longer counts in +Inf. A hop of 10 ms is worked on at once or waits for others. */
export const BOUNDS = [0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5];
const US_PER_SECOND = 1e6;
const BOUNDS_US = BOUNDS.map((seconds) => seconds * US_PER_SECOND);

export interface Latency {
  add(us: number): void;
}

export interface Latencies {
  of(pipeline: string): Latency;
  /** To be registered. */
  readonly metric: Metric;
}

interface Buckets {
  readonly counts: Float64Array;
  sumUs: number;
}

export function createLatencies(name: string, help: string): Latencies {
  const all = new Map<string, Buckets>();
  const values = () => [...all].flatMap(([pipeline, buckets]) => lines(name, pipeline, buckets));
  const metric = {
    name,
    help,
    get: async () => ({ name, help, type: 'histogram', aggregator: 'sum', values: values() }),
  };
  return {
    of(pipeline) {
      const buckets = all.get(pipeline) ?? { counts: new Float64Array(BOUNDS.length + 1), sumUs: 0 };
      all.set(pipeline, buckets);
      return {
        add(us) {
          let bucket = 0;
          while (bucket < BOUNDS_US.length && us > BOUNDS_US[bucket]!) bucket++;
          buckets.counts[bucket]!++;
          buckets.sumUs += us;
        },
      };
    },
    metric: metric as unknown as Metric,
  };
}

/** As the text format wants them: each bucket counts those before it too. */
function lines(name: string, pipeline: string, { counts, sumUs }: Buckets) {
  let total = 0;
  const buckets = [...BOUNDS, '+Inf'].map((le, i) => {
    total += counts[i]!;
    return { metricName: `${name}_bucket`, labels: { pipeline, le }, value: total };
  });
  const labels = { pipeline };
  return [
    ...buckets,
    { metricName: `${name}_sum`, labels, value: sumUs / US_PER_SECOND },
    { metricName: `${name}_count`, labels, value: total },
  ];
}
