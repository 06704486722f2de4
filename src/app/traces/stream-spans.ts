// A span for each stream, for whoever registers an SDK of OpenTelemetry (docs/operations.md): from `ready` to the close, with what
// went wrong as events, below the span that its handshake names (remote-parent.ts). Never one for a chunk. Without an SDK, or when its sampler leaves a stream out, that stream has no meter
// from here, so nothing is done for its rows and results.

import { type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { StreamEvent } from '../../transport/serve-streams.ts';
import type { MeteredStream, OpenMeter, StreamMeter } from '../../transport/stream-meter.ts';
import { remoteParent } from './remote-parent.ts';

export interface StreamSpans {
  readonly meter: OpenMeter;
  /** Ends the span of a stream whose connection is closed. */
  event(event: StreamEvent): void;
  /** The server goes down. */
  draining(): void;
}

/** Further gaps are only counted: a sensor may declare one a second for years. */
const GAP_EVENTS_MAX = 32;

const CLOSE = { end: 1000, drained: 1001, handedOver: 1012, fault: 1011 } as const;

interface OpenSpan {
  readonly span: Span;
  readonly resumable: boolean;
  ended: boolean;
}

/** @param parentIgnored told the first time that a handshake names a parent that makes no sense: anybody can send one */
export function createStreamSpans(parentIgnored: () => void = () => undefined): StreamSpans {
  const tracer = trace.getTracer('millrace');
  const spans = new Map<string, OpenSpan>();
  let draining = false;
  let ignoredOnce = false;
  return {
    meter(stream) {
      const parent = stream.trace && remoteParent(stream.trace);
      const told = { kind: SpanKind.SERVER, attributes: attributesOf(stream) };
      const span = tracer.startSpan('millrace.stream', told, parent);
      if (!span.isRecording()) return undefined;
      if (stream.trace && !parent && !ignoredOnce) {
        ignoredOnce = true;
        parentIgnored();
      }
      const { recovered, offset, seq, resumable, session } = stream;
      if (recovered) span.addEvent('resume', { offset, seq });
      const open: OpenSpan = { span, resumable, ended: false };
      spans.set(session, open);
      return meterOf(stream, open);
    },
    event(event) {
      if (event.event !== 'closed') return;
      const open = spans.get(event.id);
      if (!open) return;
      spans.delete(event.id);
      const { span } = open;
      const { error } = event;
      if (error) span.setAttribute('error.type', error.code).setStatus({ code: SpanStatusCode.ERROR });
      const code = error ? error.closeCode || CLOSE.fault : closeCode(open, draining);
      // None: the client went without a word.
      if (code !== undefined) span.setAttribute('millrace.close_code', code);
      span.end();
    },
    draining() {
      draining = true;
      for (const { span } of spans.values()) span.addEvent('drain');
    },
  };
}

function closeCode({ ended, resumable }: OpenSpan, draining: boolean): number | undefined {
  if (draining && resumable) return CLOSE.handedOver;
  if (ended) return draining ? CLOSE.drained : CLOSE.end;
  return undefined;
}

const attributesOf = ({ pipeline, session, stream, tenant, stateBytes, resumable, recovered }: MeteredStream) => ({
  'millrace.pipeline': pipeline,
  'millrace.session': session,
  'millrace.stream': stream,
  ...(tenant === '' ? {} : { 'millrace.tenant': tenant }),
  'millrace.state_bytes': stateBytes,
  'millrace.resumable': resumable,
  'millrace.recovered': recovered,
});

/** Rows, results and gaps are those of this connection. */
function meterOf({ offset, seq }: MeteredStream, open: OpenSpan): StreamMeter {
  const { span } = open;
  let gaps = 0;
  let gapRows = 0;
  return {
    gap(why, rows) {
      gapRows += rows;
      if (gaps++ < GAP_EVENTS_MAX) span.addEvent(why === 'shed' ? 'shed' : 'gap', { why, rows });
    },
    closed(summary, ended) {
      open.ended = ended;
      span.setAttributes({
        'millrace.rows': summary.offset - offset,
        'millrace.results': summary.results - seq,
        'millrace.gaps': gaps,
        'millrace.gap_rows': gapRows,
      });
    },
  };
}
