// Keys from a server of keys: a real one on this machine. The wall clock, by which keys grow old, is the test's own.

import { readFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { jwtTokens } from './jwt.ts';
import { remoteKeys } from './remote-keys.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: 1_800_000_000_000 });
});
afterEach(() => {
  vi.useRealTimers();
});
const pass = (ms: number): void => void vi.setSystemTime(Date.now() + ms);

async function pair(kid: string) {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
  return {
    jwk: { ...(await exportJWK(publicKey)), kid, alg: 'ES256' } as JWK,
    secret: { ...(await exportJWK(privateKey)), kid } as JWK,
    sign: () =>
      new SignJWT({ tenant: 'acme' })
        .setProtectedHeader({ alg: 'ES256', kid })
        .setAudience('millrace')
        .setExpirationTime(new Date(Date.now() + 3_600_000))
        .sign(privateKey),
  };
}

/** A server of keys, and who is let in by them. */
async function serve(timeoutMs?: number) {
  let asked = 0;
  let answer: RequestListener = (_, response) => response.end('{}');
  const server = createServer((request, response) => {
    asked++;
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const stop = async () => {
    server.closeAllConnections();
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  };
  onTestFinished(stop);
  const why: string[] = [];
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/keys?s3cret`);
  const keys = remoteKeys(url, (what) => why.push(what), timeoutMs);
  const verify = jwtTokens({ keys, audience: 'millrace', tenantClaim: 'tenant' });
  return {
    ...{ why, stop, fetch: keys.fetch },
    verify: async (token: string) => verify(token),
    asked: () => asked,
    say: (next: RequestListener) => {
      answer = next;
    },
    offer: (...offered: JWK[]) => {
      answer = (_, response) => response.end(JSON.stringify({ keys: offered }));
    },
  };
}
const LATER = { code: 'ERR_KEYS_UNAVAILABLE', message: 'who this is cannot be told now' };

describe('keys from a server of keys', () => {
  it('are asked for once, then again when they have grown old, and one that is taken back is no longer good', async () => {
    const [one, two] = [await pair('one'), await pair('two')];
    const server = await serve();
    server.offer(one.jwk);
    const token = await one.sign();
    const both = await Promise.all([server.verify(token), server.verify(token)]);
    expect(both).toEqual([expect.objectContaining({ tenant: 'acme' }), expect.anything()]);
    expect(server.asked()).toBe(1);
    server.offer(two.jwk);
    pass(599_000);
    expect(await server.verify(token)).toBeDefined();
    expect(server.asked()).toBe(1);
    pass(2000);
    expect(await server.verify(token)).toBeUndefined();
    expect(await server.verify(await two.sign())).toBeDefined();
    expect(server.asked()).toBe(2);
  });

  it('are asked for when one is used that is not there, but not for every made-up name', async () => {
    const [one, two] = [await pair('one'), await pair('two')];
    const server = await serve();
    server.offer(one.jwk);
    expect(await server.verify(await one.sign())).toBeDefined();
    server.offer(one.jwk, two.jwk);
    for (let i = 0; i < 5; i++) expect(await server.verify(await two.sign())).toBeUndefined();
    expect(server.asked()).toBe(1);
    pass(31_000);
    expect(await server.verify(await two.sign())).toBeDefined();
    expect(await server.verify(await one.sign())).toBeDefined();
    expect(server.asked()).toBe(2);
    expect(server.why).toEqual([]);
  });

  it('leave everybody outside while they cannot be had, and the server in peace', async () => {
    const one = await pair('one');
    const server = await serve();
    server.say((_, response) => response.writeHead(500).end('s3cret'));
    const token = await one.sign();
    for (let i = 0; i < 3; i++) await expect(server.verify(token)).rejects.toMatchObject(LATER);
    expect([server.asked(), server.why]).toEqual([1, ['the answer is 500, not 200']]);
    server.offer(one.jwk);
    pass(5000);
    expect(await server.verify(token)).toBeDefined();
    // What is known stays good while it is fresh, whatever becomes of the server; then it is not enough.
    await server.stop();
    pass(300_000);
    expect(await server.verify(token)).toBeDefined();
    await expect(server.verify(await (await pair('two')).sign())).rejects.toMatchObject(LATER);
    pass(300_001);
    await expect(server.verify(token)).rejects.toMatchObject(LATER);
    expect(server.why.slice(1)).toEqual(['no connection: ECONNREFUSED', 'no connection: ECONNREFUSED']);
  });

  it('are not asked for what is no token of ours', async () => {
    const server = await serve();
    const shared = new SignJWT({ tenant: 'acme' }).setProtectedHeader({ alg: 'HS256' }).setAudience('millrace');
    const signed = await shared.setExpirationTime('1h').sign(new TextEncoder().encode('s'.repeat(32)));
    const none = Buffer.from('{"alg":"none"}').toString('base64url');
    for (const token of ['', 'nonsense', 'a.b.c', `${none}.e30.`, signed])
      expect(await server.verify(token)).toBeUndefined();
    expect(server.asked()).toBe(0);
  });

  it.each([
    ['{', 'the answer is no JWKS'],
    ['null', 'the answer is no JWKS'],
    ['{"keys":7}', 'the answer is no JWKS'],
    ['{"keys":[7]}', 'the answer is no JWKS'],
    ['{"keys":[]}', 'the answer holds no key'],
    ['{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}', 'the answer holds a key that is not public'],
    [`{"keys":[],"x":"${'x'.repeat(300_000)}"}`, 'the answer is larger than 262144 bytes'],
  ])('are none in %s', async (text, why) => {
    const server = await serve();
    server.say((_, response) => response.end(text));
    await expect(server.fetch()).rejects.toMatchObject(LATER);
    expect(server.why).toEqual([why]);
  });

  it('are not taken from a server whose certificate nobody vouches for', async () => {
    const golden = (name: string) => readFileSync(new URL(`../../../test/golden/tls/${name}`, import.meta.url));
    const certificate = { cert: golden('first.crt'), key: golden('first.key') };
    const { jwk } = await pair('one');
    const server = createSecureServer(certificate, (_, response) => response.end(JSON.stringify({ keys: [jwk] })));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const why: string[] = [];
    const { port } = server.address() as AddressInfo;
    const keys = remoteKeys(new URL(`https://127.0.0.1:${port}/keys`), (what) => why.push(what));
    await expect(keys.fetch()).rejects.toMatchObject(LATER);
    expect(why).toEqual([expect.stringMatching(/^no connection: (DEPTH_ZERO_)?SELF_SIGNED_CERT/)]);
  });

  it('are not taken with a private half, by another address, or from a server that says nothing', async () => {
    const { secret } = await pair('one');
    const leaked = await serve();
    leaked.offer(secret);
    await expect(leaked.fetch()).rejects.toMatchObject(LATER);
    const moved = await serve();
    moved.say((_, response) => response.writeHead(302, { location: '/elsewhere' }).end());
    await expect(moved.fetch()).rejects.toMatchObject(LATER);
    const silent = await serve(50);
    silent.say(() => undefined);
    await expect(silent.fetch()).rejects.toMatchObject(LATER);
    const slow = await serve(50);
    slow.say((_, response) => void response.write('{"keys":'));
    await expect(slow.fetch()).rejects.toMatchObject(LATER);
    expect([leaked, moved, silent, slow].flatMap(({ why }) => why)).toEqual([
      'the answer holds a key that is not public',
      'the answer is 302, not 200',
      'no answer within 50 ms',
      'no answer within 50 ms',
    ]);
  });
});
