// Whose trace a stream belongs to: headers and parameters of a handshake, as OpenTelemetry's own SDK has them in the end.

import { trace } from '@opentelemetry/api';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { pino } from 'pino';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { startServer } from '../../src/app/commands/serve.ts';
import { remoteParent } from '../../src/app/traces/remote-parent.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';
const PARENT = `00-${TRACE}-${SPAN}-01`;
afterEach(() => trace.disable());

async function open() {
  const exporter = new InMemorySpanExporter();
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
  const lines: string[] = [];
  const log = pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) });
  const server = await startServer({ host: '127.0.0.1', port: 0, warm: [], log });
  onTestFinished(() => server.close());
  let streams = 0;
  /** The span of a stream whose handshake is like this; none: undefined. */
  async function spanOf(query: string, headers: Record<string, string | string[]> = {}) {
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}/v1/stream${query}`, ['millrace.v1'], {
      headers: headers as Record<string, string>,
    });
    await new Promise((resolve) => socket.on('open', resolve));
    const format = { encoding: 'csv', fields: ['a'] };
    socket.send(JSON.stringify({ type: 'start', v: 1, pipeline: 'anomaly', format }));
    socket.send('{"type":"close"}');
    await new Promise((resolve) => socket.on('close', resolve));
    await expect.poll(server.sessions, { timeout: 5000 }).toBe(0);
    const spans: readonly ReadableSpan[] = exporter.getFinishedSpans();
    return spans.length > streams ? spans[streams++] : undefined;
  }
  return { spanOf, lines };
}

describe('the span of a stream', () => {
  it('has the parent that its handshake names: in a header, or in the address', async () => {
    const { spanOf, lines } = await open();
    const header = (await spanOf('', { traceparent: PARENT, tracestate: 'a=1,b=2' }))!;
    expect(header.spanContext()).toMatchObject({ traceId: TRACE });
    expect(header.spanContext().traceState?.serialize()).toBe('a=1,b=2');
    expect(header.parentSpanContext).toMatchObject({ spanId: SPAN, isRemote: true });
    const address = (await spanOf(`?traceparent=${PARENT}&tracestate=c%3D3`))!;
    expect(address.parentSpanContext).toMatchObject({ traceId: TRACE, spanId: SPAN });
    expect(address.spanContext().traceState?.serialize()).toBe('c=3');
    const other = PARENT.replace('0af7', 'ffff');
    const both = (await spanOf(`?traceparent=${other}`, { traceparent: PARENT }))!;
    expect(both.spanContext().traceId).toBe(TRACE);
    expect(lines).toEqual([]);
  });

  it('is not made for a trace that is not sampled', async () => {
    const { spanOf } = await open();
    expect(await spanOf(`?traceparent=${PARENT.replace(/1$/, '0')}`)).toBeUndefined();
    expect((await spanOf(''))!.parentSpanContext).toBeUndefined();
  });

  it('has none when what is named makes no sense, which is told once', async () => {
    const { spanOf, lines } = await open();
    for (const wrong of ['nonsense', PARENT.toUpperCase(), `${PARENT}-00`, '']) {
      const span = (await spanOf('', { traceparent: wrong, tracestate: 'a=1' }))!;
      expect(span.parentSpanContext, wrong).toBeUndefined();
      expect(span.spanContext().traceState).toBeUndefined();
    }
    expect(lines.map((line) => JSON.parse(line).msg)).toEqual(['traceparent ignored']);
    expect(lines.join()).not.toContain('nonsense');
  });
});

describe('a traceparent', () => {
  const read = (traceparent: string) => {
    const context = remoteParent({ traceparent, tracestate: '' });
    return context && trace.getSpanContext(context);
  };
  it('is read as the standard says', () => {
    expect(read(PARENT)).toMatchObject({ traceId: TRACE, spanId: SPAN, traceFlags: 1 });
    expect(read(`cc-${TRACE}-${SPAN}-03-what-will-be`)).toMatchObject({ traceId: TRACE, traceFlags: 1 });
    expect(read(` ${PARENT} `)).toMatchObject({ traceId: TRACE });
    for (const wrong of [
      '',
      `ff-${TRACE}-${SPAN}-01`,
      `00-${'0'.repeat(32)}-${SPAN}-01`,
      `00-${TRACE}-${'0'.repeat(16)}-01`,
      `00-${TRACE}-${SPAN}-1`,
      `00-${TRACE}-${SPAN}`,
      `00-${TRACE}-${SPAN}-01-more`,
      `${PARENT}, ${PARENT}`,
      'x'.repeat(5000),
    ])
      expect(read(wrong), wrong).toBeUndefined();
  });
});
