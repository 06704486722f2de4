// Who watches the streams of a server: its log, its metrics and its traces, as one.

import type { Logger } from 'pino';
import type { StreamEvent } from '../../transport/serve-streams.ts';
import type { OpenMeter, StreamMeter } from '../../transport/stream-meter.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { createStreamSpans } from '../traces/stream-spans.ts';
import { logStream } from './log.ts';

export interface Watchers {
  readonly meter: OpenMeter;
  log(event: StreamEvent): void;
  /** The server goes down. */
  draining(): void;
}

export function createWatchers(log: Logger, metrics: Metrics | undefined): Watchers {
  const spans = createStreamSpans(() => log.warn('traceparent ignored'));
  return {
    meter(stream) {
      const [counts, traces] = [metrics?.meter(stream), spans.meter(stream)];
      return counts && traces ? both(counts, traces) : (counts ?? traces);
    },
    log(event) {
      logStream(log, event);
      metrics?.event(event);
      spans.event(event);
    },
    draining: spans.draining,
  };
}

/** Times are the first one's to count. */
const both = (first: StreamMeter, second: StreamMeter): StreamMeter => ({
  ...first,
  gap(why, rows) {
    first.gap(why, rows);
    second.gap(why, rows);
  },
  closed(summary, ended) {
    first.closed(summary, ended);
    second.closed(summary, ended);
  },
});
