// What a server counts, for Prometheus. Labels are names of pipelines, causes and codes: few, and never a client's own words.

import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { ErrorCode } from '../../base/errors.ts';
import type { GapCause } from '../../item/item.ts';
import type { StreamEvent } from '../../transport/serve-streams.ts';
import type { OpenMeter } from '../../transport/stream-meter.ts';
import { createLatencies } from './latency.ts';

export interface Metrics {
  readonly meter: OpenMeter;
  event(event: StreamEvent): void;
  /** A handshake or a ticket was refused. */
  refused(code: ErrorCode): void;
  readonly contentType: string;
  text(): Promise<string>;
}

// A series that begins at 1 shows no increase, so what alerts ask for (docs/operations/alerts.yml) begins at 0.
const REFUSALS = [
  'ERR_UNAUTHENTICATED',
  'ERR_FORBIDDEN',
  'ERR_RATE_LIMIT',
  'ERR_SESSION_LIMIT',
  'ERR_DRAINING',
] as const;
const ENDS = ['', 'ERR_INVARIANT'] as const;
const CAUSES: readonly GapCause[] = ['client', 'lost', 'late', 'shed', 'fault'];

export function createMetrics(): Metrics {
  const registers = [new Registry()];
  const [register] = registers as [Registry];
  collectDefaultMetrics({ register }); // process memory and CPU, delay of the event loop, collections of garbage
  const latencies = createLatencies(
    'millrace_result_seconds',
    'From the arrival of a chunk to the socket taking a result',
  );
  register.registerMetric(latencies.metric);
  const gauge = (name: string, help: string, labelNames: string[] = ['pipeline']) =>
    new Gauge({ name: `millrace_${name}`, help, labelNames, registers });
  const counter = (name: string, help: string, labelNames: string[]) =>
    new Counter({ name: `millrace_${name}`, help, labelNames, registers });
  const connections = gauge('connections', 'WebSockets that are open, with a stream or before it', []);
  const streams = gauge('streams', 'Streams that are open');
  const stateBytes = gauge('state_bytes', 'Bytes of state of open streams');
  const opened = counter('streams_opened_total', 'Streams since the start', ['pipeline']);
  const closed = counter('connections_closed_total', 'Connections that ended, by error code; empty: none', ['code']);
  const refused = counter('refused_total', 'Handshakes, tickets and connections that were refused', ['code']);
  const gaps = counter('gaps_total', 'Gaps declared; shed: dropped by policy', ['pipeline', 'why']);
  const gapRows = counter('gap_rows_total', 'Rows in them', ['pipeline', 'why']);
  for (const code of REFUSALS) refused.inc({ code }, 0);
  for (const code of ENDS) closed.inc({ code }, 0);
  return {
    meter({ pipeline, stateBytes: bytes }) {
      const latency = latencies.of(pipeline);
      streams.inc({ pipeline });
      for (const why of CAUSES) for (const count of [gaps, gapRows]) count.inc({ pipeline, why }, 0);
      opened.inc({ pipeline });
      stateBytes.inc({ pipeline }, bytes);
      return {
        result: latency.add,
        gap(why, rows) {
          gaps.inc({ pipeline, why });
          gapRows.inc({ pipeline, why }, rows);
        },
        closed() {
          streams.dec({ pipeline });
          stateBytes.dec({ pipeline }, bytes);
        },
      };
    },
    event(event) {
      if (event.event === 'refused') refused.inc({ code: event.error.code });
      if (event.event === 'opened') connections.inc();
      if (event.event !== 'closed') return;
      connections.dec();
      closed.inc({ code: event.error?.code ?? '' });
    },
    refused: (code) => refused.inc({ code }),
    contentType: register.contentType,
    text: () => register.metrics(),
  };
}
