// A traceparent as somebody else's span: W3C Trace Context, 3.2 (https://www.w3.org/TR/trace-context/). Read here and not by the
// registered propagator, since a program that registers a tracer often registers none.

import { type Context, createTraceState, ROOT_CONTEXT, TraceFlags, trace } from '@opentelemetry/api';
import type { TraceContext } from '../../transport/trace-context.ts';

/** version, trace, span, flags; what later versions put behind them. */
const SHAPE = /^([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(-.*)?$/;
const ZEROS = /^0+$/;

/** undefined: it is no traceparent, and the rest of it means nothing either (3.2.2, 4.2). */
export function remoteParent({ traceparent, tracestate }: TraceContext): Context | undefined {
  const [, version, traceId = '', spanId = '', flags = '', more] = SHAPE.exec(traceparent.trim()) ?? [];
  if (version === undefined || version === 'ff' || (version === '00' && more !== undefined)) return undefined;
  if (ZEROS.test(traceId) || ZEROS.test(spanId)) return undefined;
  return trace.setSpanContext(ROOT_CONTEXT, {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags, 16) & TraceFlags.SAMPLED,
    traceState: createTraceState(tracestate),
    isRemote: true,
  });
}
