import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { decodeLines } from '../../wire/formats/influx/decode-lines.ts';
import type { MessageSource } from '../message-source.ts';
import { influxSource } from './influx-source.ts';

let source: MessageSource | undefined;
afterEach(() => source?.close());

/** Listens; what is taken is decoded as the fleet would. `safe`: when lines are safe. */
async function listen(token?: string, safe: Promise<void> = Promise.resolve()) {
  const taken: string[] = [];
  source = influxSource({ host: '127.0.0.1', port: 0, ...(token === undefined ? {} : { token }) });
  const url = await new Promise<string>((resolve, reject) => {
    source!
      .run({
        async take({ bytes, precision, done, refused }) {
          try {
            const readings = decodeLines(Buffer.from(bytes).toString(), precision);
            taken.push(...readings.map(({ series, column, time, value }) => `${series}#${column} ${time} ${value}`));
            void safe.then(() => done?.());
          } catch (thrown) {
            refused?.(thrown as Error);
          }
        },
        reconnected: () => undefined,
        tell: (line) => resolve(line.replace('listening on influx', 'http')),
      })
      .catch(reject);
  });
  const post = (path: string, body: string | Buffer, headers: Record<string, string> = {}) =>
    fetch(url + path, { method: 'POST', body: new Uint8Array(Buffer.from(body)), headers });
  return { taken, url, post };
}

describe('line protocol over HTTP', () => {
  it('takes lines at the addresses of both versions, in the precision that was asked for', async () => {
    const { taken, post } = await listen();
    expect((await post('/api/v2/write?org=o&bucket=b&precision=s', 'm,a=1 v=2 10')).status).toBe(204);
    expect((await post('/write?db=d&precision=ms', 'm v=3 10\nm v=4 20')).status).toBe(204);
    expect((await post('/api/v2/write', 'm v=5i 10000')).status).toBe(204);
    expect(taken).toEqual(['m,a=1#v 10000000 2', 'm#v 10000 3', 'm#v 20000 4', 'm#v 10 5']);
  });

  it('takes gzip, as Telegraf sends it', async () => {
    const { taken, post } = await listen();
    const packed = await post('/api/v2/write', gzipSync('m v=1 1000'), { 'content-encoding': 'gzip' });
    expect(packed.status).toBe(204);
    expect(taken).toEqual(['m#v 1 1']);
  });

  it('answers only when the lines are safe', async () => {
    let save: () => void = () => undefined;
    const { taken, post } = await listen(
      undefined,
      new Promise((resolve) => {
        save = resolve;
      }),
    );
    let answered = false;
    const posted = post('/write', 'm v=1 1000').then(() => {
      answered = true;
    });
    while (taken.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(answered).toBe(false);
    save();
    await posted;
  });

  it('refuses what is no line, naming it, in the shape that clients know', async () => {
    const { taken, post } = await listen();
    const response = await post('/api/v2/write', 'm v=1 1000\nm v');
    expect(response.status).toBe(400);
    const message = 'unable to parse: line 2: a field without key or "="';
    expect(await response.json()).toEqual({ code: 'invalid', message, error: message });
    expect(taken).toEqual([]);
  });

  it('refuses other addresses, methods, precisions, broken gzip and bodies that are too large', async () => {
    const { url, post } = await listen();
    expect((await post('/query', 'x')).status).toBe(404);
    expect((await fetch(`${url}/write`)).status).toBe(405);
    expect((await post('/write?precision=fortnight', 'm v=1')).status).toBe(400);
    expect((await post('/write', 'not gzip', { 'content-encoding': 'gzip' })).status).toBe(400);
    const bomb = gzipSync(Buffer.alloc(9 * 1024 * 1024));
    expect((await post('/write', bomb, { 'content-encoding': 'gzip' })).status).toBe(413);
    expect((await fetch(`${url}/ping`)).status).toBe(204);
    expect((await fetch(`${url}/health`)).status).toBe(200);
  });

  it('lets nobody write without the token, where there is one', async () => {
    const { post } = await listen('geheim');
    const basic = `Basic ${Buffer.from('user:geheim').toString('base64')}`;
    expect((await post('/write', 'm v=1')).status).toBe(401);
    expect((await post('/write', 'm v=1', { authorization: 'Token falsch' })).status).toBe(401);
    for (const authorization of ['Token geheim', 'Bearer geheim', basic])
      expect((await post('/write', 'm v=1', { authorization })).status).toBe(204);
    expect((await post('/write?u=x&p=geheim', 'm v=1')).status).toBe(204);
  });

  it('says so when the port is taken', async () => {
    const { url } = await listen();
    const second = influxSource({ host: '127.0.0.1', port: Number(new URL(url).port) });
    const run = second.run({ take: async () => undefined, reconnected: () => undefined, tell: () => undefined });
    await expect(run).rejects.toMatchObject({ code: 'ERR_PORT_IN_USE' });
  });
});
