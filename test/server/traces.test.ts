// Spans of streams on a real server, as OpenTelemetry's own SDK collects them; and that without one nobody watches.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import {
  AlwaysOffSampler,
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { type ServeSettings, startServer } from '../../src/app/commands/serve.ts';
import { createStreamSpans } from '../../src/app/traces/stream-spans.ts';
import { connect } from '../../src/client/index.ts';
import { DEFAULT_LIMITS } from '../../src/transport/limits.ts';
import { type MemorySocket, memoryTransport } from '../../src/transport/memory/memory-transport.ts';
import { serveStreams } from '../../src/transport/serve-streams.ts';
import { openTestPipeline } from './test-pipelines.ts';
import { openRaw, realClock } from './test-server.ts';

const SENSOR = { type: 'start', v: 1, pipeline: 'anomaly', format: { encoding: 'csv', fields: ['a'] } };
const OPENED = {
  ...{ session: 'a', stream: 'b', tenant: '', pipeline: 'vad', stateBytes: 1 },
  ...{ resumable: false, recovered: false, offset: 0, seq: 0 },
};

/** What `node --import ./otel.mjs` does before the server is there. */
function register(sampler?: AlwaysOffSampler): InMemorySpanExporter {
  const exporter = new InMemorySpanExporter();
  const spanProcessors = [new SimpleSpanProcessor(exporter)];
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors, ...(sampler ? { sampler } : {}) }));
  return exporter;
}
afterEach(() => trace.disable());

async function open(settings: Partial<ServeSettings> = {}) {
  const server = await startServer({ host: '127.0.0.1', port: 0, warm: [], ...settings });
  let closed = false;
  const close = async (drainMs?: number) => {
    if (closed) return;
    closed = true;
    await (drainMs === undefined ? server.close() : server.drain(drainMs));
  };
  onTestFinished(() => close());
  return { url: `ws://127.0.0.1:${server.port}/v1/stream`, close };
}

const rows = (text: string) => new TextEncoder().encode(text);

async function finished(exporter: InMemorySpanExporter, count: number): Promise<ReadableSpan[]> {
  await expect.poll(() => exporter.getFinishedSpans().length, { timeout: 5000 }).toBe(count);
  return exporter.getFinishedSpans();
}
const eventsOf = ({ events }: ReadableSpan) => events.map(({ name, attributes }) => [name, attributes]);

describe('a span for each stream', () => {
  it('has pipeline, rows, results, gaps and close code; its gaps are events, its chunks are nothing', async () => {
    const exporter = register();
    const { url } = await open({ metrics: { host: '127.0.0.1', port: 0 } });
    const client = await openRaw(url);
    client.send({ ...SENSOR, pipeline: 'forecast' });
    const { session, stream, state_bytes } = await client.next('ready');
    for (let i = 0; i < 50; i++) client.send(rows(`${i}\n`));
    client.send({ type: 'gap', from: 50, to: 57, why: 'client' });
    client.send({ type: 'close' });
    const end = await client.next('end');
    await client.closed;
    const [span] = await finished(exporter, 1);
    expect([span!.name, span!.kind, span!.status.code]).toEqual([
      'millrace.stream',
      SpanKind.SERVER,
      SpanStatusCode.UNSET,
    ]);
    expect(span!.attributes).toEqual({
      'millrace.pipeline': 'forecast',
      'millrace.session': session,
      'millrace.stream': stream,
      'millrace.state_bytes': state_bytes,
      'millrace.resumable': false,
      'millrace.recovered': false,
      'millrace.rows': 57,
      'millrace.results': end.results,
      'millrace.gaps': 1,
      'millrace.gap_rows': 7,
      'millrace.close_code': 1000,
    });
    expect(eventsOf(span!)).toEqual([['gap', { why: 'client', rows: 7 }]]);
  });

  it('says whose it was', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-traces-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const tokens = join(folder, 'tokens');
    await writeFile(tokens, 'acme acme-0123456789abcdef\n');
    const exporter = register();
    const { url } = await open({ guard: { tokens } });
    const token = Buffer.from('acme-0123456789abcdef').toString('base64url');
    const client = await openRaw(url, ['millrace.v1', `auth.${token}`]);
    client.send(SENSOR);
    client.send({ type: 'close' });
    await client.closed;
    const [span] = await finished(exporter, 1);
    expect(span!.attributes).toMatchObject({ 'millrace.tenant': 'acme' });
    expect(JSON.stringify(span!.attributes)).not.toContain('0123456789');
  });

  it('says what was shed', async () => {
    const exporter = register();
    const spans = createStreamSpans();
    const transport = memoryTransport();
    const streams = serveStreams({
      transport,
      openPipeline: openTestPipeline,
      clock: realClock,
      limits: { ...DEFAULT_LIMITS, backlogBytesMax: 2000, creditBytes: 5000 },
      log: spans.event,
      meter: spans.meter,
    });
    let socket!: MemorySocket;
    let gaps = 0;
    const client = connect('memory:', {
      pipeline: 'energy',
      format: { encoding: 'pcm_s16le', rate: 16_000, channels: 1 },
      policy: 'drop_oldest',
      socket: () => {
        socket = transport.connect('millrace.v1');
        return socket;
      },
      onResult: () => undefined,
      onGap: ({ why, from, to }) => {
        expect(why).toBe('shed');
        gaps += to - from;
      },
    });
    await client.ready;
    socket.pause();
    for (let i = 0; i < 100; i++) {
      await client.send(new Int16Array(1000));
      await new Promise((resolve) => setImmediate(resolve));
    }
    socket.resume();
    const end = await client.end();
    await streams.close();
    const [span] = await finished(exporter, 1);
    expect(end.gaps).toBeGreaterThan(0);
    expect(span!.attributes).toMatchObject({ 'millrace.rows': 100_000, 'millrace.gap_rows': gaps });
    expect(new Set(span!.events.map(({ name }) => name))).toEqual(new Set(['shed']));
  });

  it('says what was wrong, and has no close code when a client just went', async () => {
    const exporter = register();
    const { url } = await open({ limits: { idleMsMax: 150 } });
    const client = await openRaw(url);
    client.send({ ...SENSOR, policy: 'drop_oldest' });
    await client.next('ready');
    expect((await client.closed).code).toBe(4408);
    const gone = await openRaw(url);
    gone.send(SENSOR);
    await gone.next('ready');
    gone.socket.terminate();
    const [idle, lost] = await finished(exporter, 2);
    expect(idle!.attributes).toMatchObject({ 'error.type': 'ERR_IDLE', 'millrace.close_code': 4408 });
    expect(idle!.status.code).toBe(SpanStatusCode.ERROR);
    expect(lost!.attributes).not.toHaveProperty('millrace.close_code');
    expect(lost!.status.code).toBe(SpanStatusCode.UNSET);
  });

  it('is one a connection: drained, then resumed, with what came on each', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-traces-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const exporter = register();
    const first = await open({ states: { stateDir: folder } });
    const client = await openRaw(first.url);
    client.send({ ...SENSOR, pipeline: 'forecast', resume: true });
    await client.next('ready');
    const plain = await openRaw(first.url);
    plain.send(SENSOR);
    await plain.next('ready');
    client.send(rows('1\n2\n3\n'));
    await client.next('result');
    const drained = client.next('drain');
    await first.close(5000);
    expect([(await client.closed).code, (await plain.closed).code]).toEqual([1012, 1001]);
    const second = await open({ states: { stateDir: folder } });
    const again = await openRaw(second.url);
    const resume = { token: (await drained).token, seq: 3 };
    again.send({ ...SENSOR, pipeline: 'forecast', resume });
    await again.next('ready');
    again.send(rows('4\n5\n'));
    again.send({ type: 'close' });
    const { results } = await again.next('end');
    expect(results).toBe(5);
    const spans = await finished(exporter, 3);
    const of = (recovered: boolean, code: number) =>
      spans.find(({ attributes: a }) => a['millrace.recovered'] === recovered && a['millrace.close_code'] === code)!;
    expect(of(false, 1012).attributes).toMatchObject({ 'millrace.rows': 3, 'millrace.resumable': true });
    expect(eventsOf(of(false, 1012))).toEqual([['drain', {}]]);
    expect(eventsOf(of(false, 1001))).toEqual([['drain', {}]]);
    expect(of(true, 1000).attributes).toMatchObject({ 'millrace.rows': 2, 'millrace.results': 2 });
    expect(eventsOf(of(true, 1000))).toEqual([['resume', { offset: 3, seq: 3 }]]);
    expect(of(true, 1000).attributes['millrace.stream']).toBe(of(false, 1012).attributes['millrace.stream']);
  });
});

describe('events of a span', () => {
  it('are bounded: of many gaps the first ones, all in number; what was shed is told apart', async () => {
    const exporter = register();
    const spans = createStreamSpans();
    const meter = spans.meter({ ...OPENED, tenant: 'acme', offset: 100, seq: 10 })!;
    meter.gap('shed', 5);
    for (let i = 0; i < 100; i++) meter.gap('fault', 1);
    meter.closed({ offset: 300, results: 12, gaps: 200, digest: '' }, true);
    spans.event({ event: 'closed', id: 'a' });
    const [span] = exporter.getFinishedSpans();
    expect(span!.events).toHaveLength(32);
    expect(eventsOf(span!).slice(0, 2)).toEqual([
      ['shed', { why: 'shed', rows: 5 }],
      ['gap', { why: 'fault', rows: 1 }],
    ]);
    expect(span!.attributes).toMatchObject({
      'millrace.tenant': 'acme',
      'millrace.rows': 200,
      'millrace.results': 2,
      'millrace.gaps': 101,
      'millrace.gap_rows': 105,
    });
  });
});

describe('without an SDK', () => {
  it('nobody watches a stream; nor one that the sampler leaves out', () => {
    expect(createStreamSpans().meter(OPENED)).toBeUndefined();
    register(new AlwaysOffSampler());
    expect(createStreamSpans().meter(OPENED)).toBeUndefined();
  });
});
