// What Prometheus reads and what logs say of streams that ran, on a real server; readiness.

import { pino } from 'pino';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { type ServeSettings, startServer } from '../../src/app/commands/serve.ts';
import { BOUNDS } from '../../src/app/metrics/latency.ts';
import { openLog } from '../../src/app/serve/log.ts';
import { openRaw } from './test-server.ts';

async function open(settings: Partial<ServeSettings> = {}) {
  const logged: string[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => void logged.push(line) });
  const metrics = { host: '127.0.0.1', port: 0 };
  const server = await startServer({ host: '127.0.0.1', port: 0, metrics, log, warm: [], ...settings });
  let closed = false;
  const close = async () => {
    if (!closed) await server.close();
    closed = true;
  };
  onTestFinished(close);
  const at = `http://127.0.0.1:${server.metricsPort}/metrics`;
  const figures = async () => {
    const text = await (await fetch(at)).text();
    const figure = (name: string): number =>
      Number(
        text
          .split('\n')
          .find((line) => line.startsWith(`${name} `))
          ?.split(' ')
          .at(-1) ?? Number.NaN,
      );
    return { text, figure };
  };
  return { server, url: `ws://127.0.0.1:${server.port}/v1/stream`, at, figures, logged, close };
}

const SENSOR = { type: 'start', v: 1, pipeline: 'forecast', format: { encoding: 'csv', fields: ['a'] } };
const inForecast = '{pipeline="forecast"}';

describe('metrics', () => {
  it('count streams, results, gaps, state and refusals by pipeline, on their own listener', async () => {
    const { url, at, figures, logged, server } = await open();
    const client = await openRaw(url);
    client.send(SENSOR);
    const { state_bytes } = await client.next('ready');
    const during = await figures();
    expect(during.figure('millrace_connections')).toBe(1);
    expect(during.figure(`millrace_streams${inForecast}`)).toBe(1);
    expect(during.figure(`millrace_state_bytes${inForecast}`)).toBe(state_bytes);
    client.send(new TextEncoder().encode('1\n2\n3\n'));
    await client.next('result');
    client.send({ type: 'gap', from: 3, to: 10, why: 'lost' });
    client.send({ type: 'close' });
    const end = await client.next('end');
    await client.closed;
    await expect.poll(async () => (await figures()).figure('millrace_connections'), { timeout: 5000 }).toBe(0);
    const { text, figure } = await figures();
    expect(figure(`millrace_streams${inForecast}`)).toBe(0);
    expect(figure(`millrace_state_bytes${inForecast}`)).toBe(0);
    expect(figure(`millrace_streams_opened_total${inForecast}`)).toBe(1);
    expect(figure('millrace_gaps_total{pipeline="forecast",why="client"}')).toBe(end.gaps);
    expect(figure('millrace_gap_rows_total{pipeline="forecast",why="client"}')).toBe(7);
    expect(figure('millrace_connections_closed_total{code=""}')).toBe(1);
    expect(figure(`millrace_result_seconds_count${inForecast}`)).toBe(end.results);
    expect(figure(`millrace_result_seconds_sum${inForecast}`)).toBeGreaterThan(0);
    const buckets = [...text.matchAll(/^millrace_result_seconds_bucket\{pipeline="forecast",le="([^"]+)"\} (\d+)$/gm)];
    expect(buckets.map(([, le]) => le)).toEqual([...BOUNDS.map(String), '+Inf']);
    const counts = buckets.map(([, , count]) => Number(count));
    expect(counts).toEqual([...counts].sort((a, b) => a - b));
    expect(counts.at(-1)).toBe(end.results);
    expect(figure('nodejs_eventloop_lag_p99_seconds')).toBeGreaterThan(0);
    expect((await fetch(at.replace('/metrics', '/'))).status).toBe(404);
    expect((await fetch(`http://127.0.0.1:${server.port}/metrics`)).status).toBe(404);
    const lines = logged.map((line) => JSON.parse(line) as { msg: string; session?: string });
    expect(lines.map(({ msg }) => msg)).toEqual(['stream opened', 'stream closed']);
    expect(lines[0]!.session).toBe(lines[1]!.session);
  });

  it('begin at 0 where alerts ask for an increase', async () => {
    const { url, figures } = await open();
    const none = await figures();
    expect(none.figure('millrace_refused_total{code="ERR_SESSION_LIMIT"}')).toBe(0);
    expect(none.figure('millrace_connections_closed_total{code="ERR_INVARIANT"}')).toBe(0);
    const client = await openRaw(url);
    client.send(SENSOR);
    await client.next('ready');
    const { figure } = await figures();
    for (const name of ['gaps_total', 'gap_rows_total'])
      for (const why of ['shed', 'fault']) expect(figure(`millrace_${name}{pipeline="forecast",why="${why}"}`)).toBe(0);
  });

  it('count who was turned away, and why', async () => {
    const { url, figures, logged } = await open({
      guard: { origins: ['https://example.org'] },
      limits: { sessionsMax: 1 },
    });
    const [first, second] = [await openRaw(url), await openRaw(url)];
    expect((await second.closed).code).toBe(1013);
    await fetch(url.replace('ws:', 'http:').replace('stream', 'tickets'), {
      method: 'POST',
      headers: { origin: 'https://example.net' },
    });
    first.send('nonsense');
    await first.closed;
    const { figure } = await figures();
    expect(figure('millrace_refused_total{code="ERR_SESSION_LIMIT"}')).toBe(1);
    expect(figure('millrace_refused_total{code="ERR_FORBIDDEN"}')).toBe(1);
    expect(figure('millrace_connections_closed_total{code="ERR_WIRE_MALFORMED"}')).toBe(1);
    expect(logged.join('')).not.toContain('nonsense');
  });
});

describe('what is said of a server', () => {
  const ready = async (port: number): Promise<[number, string]> => {
    const answer = await fetch(`http://127.0.0.1:${port}/readyz`);
    return [answer.status, ((await answer.json()) as { status: string }).status];
  };

  it('ready once every pipeline is warm, alive before that', async () => {
    const { server } = await open({ warm: ['all'] });
    expect(await ready(server.port)).toEqual([503, 'warming']);
    expect((await fetch(`http://127.0.0.1:${server.port}/healthz`)).status).toBe(200);
    expect(await server.warmed).toBe(true);
    expect(await ready(server.port)).toEqual([200, 'ready']);
  });

  it('never ready when something that was asked for cannot be opened; alive, and others are served', async () => {
    const { server, url, logged } = await open({ warm: ['voice', 'anomaly'], engine: 'onnx' });
    expect(await server.warmed).toBe(false);
    expect(logged.join('')).toMatch(/"pipeline":"voice","code":"ERR_OPTION_INVALID".*"msg":"warm-up failed"/);
    expect(await ready(server.port)).toEqual([503, 'warm-up failed']);
    const client = await openRaw(url);
    client.send({ ...SENSOR, pipeline: 'anomaly' });
    expect((await client.next('ready')).pipeline).toBe('anomaly');
  });

  it('ready once what was named is warm, or at once', async () => {
    const some = await open({ warm: ['forecast'] });
    await some.server.warmed;
    expect(await ready(some.server.port)).toEqual([200, 'ready']);
    for (const warm of [[], ['none']]) expect(await ready((await open({ warm })).server.port)).toEqual([200, 'ready']);
    for (const warm of [['nothing'], ['all', 'vad']]) {
      const wrong = startServer({ host: '127.0.0.1', port: 0, warm });
      await expect(wrong).rejects.toMatchObject({ code: 'ERR_PIPELINE_UNKNOWN' });
    }
  });

  it('by its settings alone: a variable that a flag has won over is not looked at again', async () => {
    vi.stubEnv('MILLRACE_SESSIONS_MAX', 'many');
    onTestFinished(() => void vi.unstubAllEnvs());
    expect((await open({ limits: { sessionsMax: 3 } })).server.port).toBeGreaterThan(0);
  });

  it('at a level that there is', () => {
    expect(() => openLog('loud')).toThrow(expect.objectContaining({ code: 'ERR_USAGE' }));
  });
});
