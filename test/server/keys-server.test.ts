// `millrace serve` with keys from a server of keys: who is told what while it is down, that it begins without it, and SIGHUP.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket } from 'ws';
import { startServer } from '../../src/app/commands/serve.ts';
import { until } from './resumable.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: 1_800_000_000_000 });
});
afterEach(() => {
  vi.useRealTimers();
});
const pass = (ms: number): void => void vi.setSystemTime(Date.now() + ms);

async function keysServer() {
  const { publicKey, privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519' });
  const keys = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'k', alg: 'EdDSA' }] });
  const told = { up: false, asked: 0 };
  const server = createServer((_, response) => {
    told.asked++;
    response.writeHead(told.up ? 200 : 503).end(keys);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const token = new SignJWT({ tenant: 'acme' })
    .setProtectedHeader({ alg: 'EdDSA', kid: 'k' })
    .setAudience('millrace')
    .setExpirationTime('1h');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`;
  return { told, url, token: await token.sign(privateKey) };
}

/** A handshake with this token: its status, and when to come again. */
function knock(port: number, token: string): Promise<{ status: number; retry?: string | undefined }> {
  return new Promise((resolve) => {
    const headers = { authorization: `Bearer ${token}` };
    const socket = new WebSocket(`ws://127.0.0.1:${port}/v1/stream`, ['millrace.v1'], { headers });
    socket.on('error', () => undefined);
    socket.on('open', () => {
      socket.close();
      resolve({ status: 101 });
    });
    socket.on('unexpected-response', (_, { statusCode: status = 0, headers: answered }) => {
      resolve({ status, retry: answered['retry-after'] });
    });
  });
}

describe('a server of keys', () => {
  it('that is down delays who comes, and stops nothing else', async () => {
    const { told, url, token } = await keysServer();
    const lines: { msg: string; why?: string; code?: string }[] = [];
    const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line)) });
    const guard = { jwtKeysUrl: url, jwtAudience: 'millrace' };
    const metrics = { host: '127.0.0.1', port: 0 };
    const server = await startServer({ host: '127.0.0.1', port: 0, warm: [], guard, log, metrics });
    onTestFinished(() => server.close());
    expect(server.asks).toBe(true);
    await until(() => lines.some(({ msg }) => msg === 'keys not fetched'));
    expect(await knock(server.port, token)).toMatchObject({ status: 503, retry: '5' });
    expect(await knock(server.port, 'nonsense')).toMatchObject({ status: 401 });
    const tickets = await fetch(`http://127.0.0.1:${server.port}/v1/tickets`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
    });
    expect([tickets.status, tickets.headers.get('retry-after')]).toEqual([503, '5']);
    expect(await tickets.json()).toEqual({
      error: {
        code: 'ERR_KEYS_UNAVAILABLE',
        message: 'who this is cannot be told now',
        expected: 'to try again later',
      },
    });
    expect(told.asked).toBe(1);
    const refused = await (await fetch(`http://127.0.0.1:${server.metricsPort}/metrics`)).text();
    expect(refused).toContain('millrace_refused_total{code="ERR_KEYS_UNAVAILABLE"} 2');
    expect(lines.find(({ msg }) => msg === 'keys not fetched')).toMatchObject({ why: 'the answer is 503, not 200' });

    told.up = true;
    pass(5000);
    expect((await knock(server.port, token)).status).toBe(101);
    told.up = false;
    await server.reload(); // leaves all as it was
    expect(lines.some(({ msg, code }) => msg === 'reload failed' && code === 'ERR_KEYS_UNAVAILABLE')).toBe(true);
    expect((await knock(server.port, token)).status).toBe(101);
    told.up = true;
    await server.reload();
    expect(lines.at(-1)).toMatchObject({ msg: 'reloaded' });
    expect((await knock(server.port, token)).status).toBe(101);
    expect(JSON.stringify(lines)).not.toContain(token);
  });

  it('is asked over https, or on this machine, and alone', async () => {
    const jwtAudience = 'millrace';
    for (const guard of [
      { jwtKeysUrl: 'http://keys.example/jwks', jwtAudience },
      { jwtKeysUrl: 'https://me:s3cret@keys.example/jwks', jwtAudience },
      { jwtKeysUrl: 'https://keys.example/jwks' },
      { jwtKeysUrl: 'https://keys.example/jwks', jwtKeys: 'keys.json', jwtAudience },
    ]) {
      const refused = startServer({ host: '127.0.0.1', port: 0, warm: [], guard });
      await expect(refused).rejects.toMatchObject({
        code: 'ERR_USAGE',
        message: expect.not.stringContaining('s3cret'),
      });
    }
  });
});
