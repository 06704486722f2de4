// Whose trace a connection belongs to, as its handshake says (W3C Trace Context): headers, or parameters of the address for browsers,
// which cannot set headers on a WebSocket. Not read here: who makes spans does, and ignores what makes no sense.

import type { IncomingMessage } from 'node:http';

export interface TraceContext {
  /** `00-<trace>-<span>-<flags>`, if it is one. */
  readonly traceparent: string;
  readonly tracestate: string;
}

export function traceContextOf({ headers, url = '' }: IncomingMessage): TraceContext | undefined {
  const { traceparent, tracestate } = headers;
  // Joined, two headers of this name are no traceparent.
  if (traceparent !== undefined) return { traceparent: String(traceparent), tracestate: String(tracestate ?? '') };
  const at = url.indexOf('?');
  const query = new URLSearchParams(at < 0 ? '' : url.slice(at));
  const asked = query.get('traceparent');
  return asked === null ? undefined : { traceparent: asked, tracestate: query.get('tracestate') ?? '' };
}
