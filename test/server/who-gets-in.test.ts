// The server's door as those outside meet it: HTTP refusals before the upgrade, tenants, tickets, caps, slow heads, TLS.

import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { type RunningServer, type ServeSettings, startServer } from '../../src/app/commands/serve.ts';
import { ROOT } from '../arch/imports.ts';
import { openRaw, type RawClient } from './test-server.ts';

const ACME = 'acme-0123456789abcdef';
const BETA = 'beta-0123456789abcdef';
const START = { type: 'start', v: 1, pipeline: 'forecast', format: { encoding: 'csv', fields: ['a'] } };

let folder: string;
let tokens: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-door-'));
  tokens = join(folder, 'tokens');
  await writeFile(tokens, `acme ${ACME}\nbeta ${BETA}\n`);
});
afterAll(() => rm(folder, { recursive: true }));

interface Door {
  readonly server: RunningServer;
  readonly http: string;
  readonly url: string;
  readonly logged: string[];
}

async function open(settings: Partial<ServeSettings> = {}): Promise<Door> {
  const logged: string[] = [];
  const log = pino({ level: 'debug' }, { write: (line: string) => void logged.push(line) });
  const server = await startServer({ host: '127.0.0.1', port: 0, guard: { tokens }, warm: [], log, ...settings });
  onTestFinished(() => server.close());
  const at = `127.0.0.1:${server.port}`;
  return { server, http: `http://${at}`, url: `ws://${at}/v1/stream`, logged };
}

interface Tried {
  readonly status: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly socket: WebSocket;
}

/** A handshake: 101, or how it was refused. */
function knock(url: string, headers: Record<string, string> = {}, protocols = ['millrace.v1']): Promise<Tried> {
  return new Promise((resolve) => {
    const socket = new WebSocket(url, protocols, { headers });
    socket.on('error', () => undefined);
    socket.on('open', () => resolve({ status: 101, body: '', headers: {}, socket }));
    socket.on('unexpected-response', (_, response) => {
      let body = '';
      response.on('data', (data) => {
        body += data;
      });
      const { statusCode: status = 0, headers: answered } = response;
      response.on('end', () => resolve({ status, body, headers: answered, socket }));
    });
  });
}
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const hidden = (token: string) => ['millrace.v1', `auth.${Buffer.from(token).toString('base64url')}`];
const gone = (socket: WebSocket) => new Promise((resolve) => socket.on('close', resolve));
const resumeTicket = async (client: RawClient) => (await client.next('ready')).resume!.token;

async function ticketOf({ http }: Door, token?: string): Promise<Response> {
  return fetch(`${http}/v1/tickets`, { method: 'POST', headers: token === undefined ? {} : bearer(token) });
}

describe('who gets in', () => {
  it('shows a token in a header, in a subprotocol that is not echoed, or a ticket that is good once', async () => {
    const door = await open();
    expect((await knock(door.url, bearer(ACME))).status).toBe(101);
    const { status, socket } = await knock(door.url, {}, hidden(BETA));
    expect([status, socket.protocol]).toEqual([101, 'millrace.v1']);
    const answer = await ticketOf(door, ACME);
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([201, 'no-store']);
    const { ticket, expires_ms } = (await answer.json()) as { ticket: string; expires_ms: number };
    expect(expires_ms).toBeGreaterThan(Date.now());
    const both = await Promise.all([1, 2].map(() => knock(`${door.url}?ticket=${ticket}`)));
    expect(both.map((one) => one.status).sort()).toEqual([101, 401]);
    expect((await knock(`${door.url}?ticket=${ticket}`)).status).toBe(401);
  });

  it('is told the same, whatever is wrong, and nothing of it is logged', async () => {
    const door = await open();
    const cases: [string, Record<string, string>, string[]?][] = [
      [door.url, {}],
      [door.url, bearer(ACME.slice(1))],
      [door.url, bearer('x')],
      [door.url, { authorization: `Basic ${ACME}` }],
      [door.url, {}, hidden('wrong-token-for-the-test')],
      [door.url, {}, ['millrace.v1', 'auth.']],
      [`${door.url}?ticket=${'a'.repeat(43)}`, {}],
      [`${door.url}?ticket=`, {}],
      [door.url, bearer('y'.repeat(9000))],
    ];
    const answers = await Promise.all(cases.map((args) => knock(...args)));
    expect(answers.map(({ status }) => status)).toEqual(cases.map(() => 401));
    expect(new Set(answers.map(({ body }) => body)).size).toBe(1);
    expect(JSON.parse(answers[0]!.body).error.code).toBe('ERR_UNAUTHENTICATED');
    expect(answers[0]!.headers['www-authenticate']).toBe('Bearer');
    expect((await ticketOf(door)).status).toBe(401);
    expect((await ticketOf(door, 'nonsense')).status).toBe(401);
    await knock(door.url, bearer(ACME));
    const said = door.logged.join('');
    expect(said).toContain('"msg":"handshake refused"');
    for (const secret of [ACME, ACME.slice(1), 'wrong-token-for-the-test', 'a'.repeat(43)]) {
      expect(said).not.toContain(secret);
      expect(said).not.toContain(Buffer.from(secret).toString('base64url'));
    }
  });

  it('goes on with its own streams only', async () => {
    const door = await open();
    const dial = async (token: string) => openRaw(door.url, hidden(token));
    const first = await dial(ACME);
    first.send({ ...START, resume: true });
    const token = await resumeTicket(first);
    const other = await dial(BETA);
    other.send({ ...START, resume: { token } });
    expect((await other.closed).code).toBe(4410);
    expect(other.messages.at(-1)).toMatchObject({ code: 'ERR_STATE_GONE' });
    const own = await dial(ACME);
    own.send({ ...START, resume: { token } });
    expect(await own.next('ready')).toMatchObject({ recovered: true });
    expect((await first.closed).code).toBe(4409);
  });

  it('changes with the file, at SIGHUP; a broken file changes nothing', async () => {
    const file = join(folder, 'changing');
    await writeFile(file, `acme ${ACME}`);
    const door = await open({ guard: { tokens: file } });
    await writeFile(file, `beta ${BETA}`);
    await door.server.reload();
    expect((await knock(door.url, bearer(ACME))).status).toBe(401);
    expect((await knock(door.url, bearer(BETA))).status).toBe(101);
    await writeFile(file, 'broken');
    await door.server.reload();
    expect((await knock(door.url, bearer(BETA))).status).toBe(101);
    expect(door.logged.join('')).toContain('"msg":"reload failed"');
  });

  it('is everybody when nobody is asked for, but pages of the listed origins only', async () => {
    const door = await open({ guard: { origins: ['https://example.org', 'https://example.com/'] } });
    expect((await knock(door.url)).status).toBe(101);
    expect((await knock(door.url, { origin: 'https://example.org' })).status).toBe(101);
    for (const origin of ['https://example.org.evil.net', 'http://example.org', 'null', 'https://EXAMPLE.net']) {
      const { status, body } = await knock(door.url, { origin });
      expect([status, JSON.parse(body).error.code]).toEqual([403, 'ERR_FORBIDDEN']);
    }
    expect((await ticketOf(door)).status).toBe(201);
  });

  it('refuses settings that make no sense', async () => {
    for (const [guard, code] of [
      [{ tokens: join(folder, 'none') }, 'ERR_CONFIG_INVALID'],
      [{ jwtKeys: tokens }, 'ERR_USAGE'],
      [{ origins: ['example.org'] }, 'ERR_USAGE'],
    ] as const)
      await expect(startServer({ host: '127.0.0.1', port: 0, guard })).rejects.toMatchObject({ code });
  });
});

describe('how many get in', () => {
  it('of one token, and again when one has gone', async () => {
    const door = await open({ limits: { streamsPerKeyMax: 2 } });
    const held = await Promise.all([knock(door.url, bearer(ACME)), knock(door.url, bearer(ACME))]);
    const third = await knock(door.url, bearer(ACME));
    expect([third.status, third.headers['retry-after']]).toEqual([429, '5']);
    expect((await knock(door.url, bearer(BETA))).status).toBe(101);
    held[0]!.socket.close();
    await gone(held[0]!.socket);
    await expect.poll(async () => (await knock(door.url, bearer(ACME))).status, { timeout: 5000 }).toBe(101);
  });

  it('of one address, by the proxy that says so', async () => {
    const door = await open({ limits: { streamsPerAddressMax: 1 }, guard: { trustProxy: true } });
    const from = (address: string) => knock(door.url, { 'x-forwarded-for': `8.8.8.8, ${address}` });
    expect((await from('10.0.0.1')).status).toBe(101);
    expect((await from('10.0.0.1')).status).toBe(429);
    expect((await from('10.0.0.2')).status).toBe(101);
    expect((await knock(door.url)).status).toBe(101);
    const near = await open({ limits: { streamsPerAddressMax: 1 }, guard: {} });
    expect((await knock(near.url, { 'x-forwarded-for': '10.0.0.1' })).status).toBe(101);
    expect((await knock(near.url, { 'x-forwarded-for': '10.0.0.2' })).status).toBe(429);
  });

  it('in a minute, tickets and refusals counted', async () => {
    const door = await open({ limits: { handshakesPerMinuteMax: 3 } });
    expect((await knock(door.url, bearer('guess-1'))).status).toBe(401);
    expect((await ticketOf(door, ACME)).status).toBe(201);
    expect((await knock(door.url, bearer(ACME))).status).toBe(101);
    expect((await knock(door.url, bearer(ACME))).status).toBe(429);
    expect((await ticketOf(door, ACME)).status).toBe(429);
  });

  it('is told in ready, for clients to keep to', async () => {
    const door = await open({
      guard: {},
      limits: { streamsPerKeyMax: 4, streamsPerAddressMax: 5, handshakesPerMinuteMax: 6, backlogBytesMax: 7000 },
    });
    const told = async (resume: boolean) => {
      const client = await openRaw(door.url);
      client.send({ ...START, resume });
      return (await client.next('ready')).limits;
    };
    const counts = { max_streams_per_key: 4, max_streams_per_address: 5, max_handshakes_per_minute: 6 };
    const stream = { max_message: 65_536, idle_ms: 60_000, max_gap: 9_600_000, max_outstanding: 16_384 };
    expect(await told(false)).toEqual({ ...stream, ...counts, max_backlog: 7000 });
    expect(await told(true)).toEqual({ ...stream, ...counts, max_backlog: 7000, max_log: 262_144 });
  });

  it('cuts off who does not say what it wants', async () => {
    const door = await open({ limits: { handshakeMsMax: 200 } });
    const cut = (first: string) =>
      new Promise((resolve) => {
        const socket = connectTcp(door.server.port, '127.0.0.1', () => socket.write(first));
        socket.on('error', () => undefined);
        socket.on('close', resolve).resume();
      });
    await Promise.all(['', 'G', 'GET /v1/stream HTTP/1.1\r\nHost: x\r\n'].map(cut));
  });
});

describe('TLS', () => {
  const golden = (name: string) => join(ROOT, 'test/golden/tls', name);
  const subject = (port: number): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
        resolve(socket.getPeerCertificate().subject.CN);
        socket.destroy();
      });
      socket.on('error', reject);
    });

  it('carries streams, and takes a new certificate without a restart', async () => {
    const tls = { tlsCert: join(folder, 'cert'), tlsKey: join(folder, 'key') };
    const install = async (name: string) => {
      await copyFile(golden(`${name}.crt`), tls.tlsCert);
      await copyFile(golden(`${name}.key`), tls.tlsKey);
    };
    await install('first');
    const door = await open({ tls });
    const socket = new WebSocket(door.url.replace('ws:', 'wss:'), ['millrace.v1'], {
      headers: bearer(ACME),
      rejectUnauthorized: false,
    });
    await new Promise((resolve, reject) => socket.on('open', resolve).on('error', reject));
    expect(await subject(door.server.port)).toBe('first');
    await install('second');
    await door.server.reload();
    expect(await subject(door.server.port)).toBe('second');
    await copyFile(golden('first.crt'), tls.tlsCert);
    await door.server.reload();
    expect(await subject(door.server.port)).toBe('second');
    const ready = new Promise((resolve) => socket.on('message', (data) => resolve(JSON.parse(String(data)))));
    socket.send(JSON.stringify(START));
    expect(await ready).toMatchObject({ type: 'ready' });
  });

  it('needs a certificate and its key', async () => {
    for (const [tls, code] of [
      [{ tlsCert: golden('first.crt') }, 'ERR_USAGE'],
      [{ tlsCert: golden('first.crt'), tlsKey: golden('second.key') }, 'ERR_CONFIG_INVALID'],
      [{ tlsCert: golden('none'), tlsKey: golden('first.key') }, 'ERR_CONFIG_INVALID'],
    ] as const)
      await expect(startServer({ host: '127.0.0.1', port: 0, tls })).rejects.toMatchObject({ code });
  });
});
