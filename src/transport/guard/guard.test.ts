import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { memoryStore } from '../../store/memory-store.ts';
import { countedAddress } from './address.ts';
import { createCaps } from './caps.ts';
import { jwtTokens } from './jwt.ts';
import { oneTimeTickets, TICKET_MS } from './one-time-tickets.ts';
import { createRate } from './rate.ts';
import { staticTokens } from './static-tokens.ts';

describe('an address', () => {
  it.each([
    ['10.0.0.1', '10.0.0.1'],
    ['::ffff:10.0.0.1', '10.0.0.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:0DB8:0001:2::9', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['', ''],
  ])('%s is counted as %s', (address, counted) => expect(countedAddress(address)).toBe(counted));
});

describe('rate and caps', () => {
  it('gives a minute of handshakes at once, then as they come back', () => {
    let now = 0;
    const rate = createRate(3, () => now);
    expect([1, 2, 3, 4].map(() => rate.take('a'))).toEqual([true, true, true, false]);
    expect(rate.take('b')).toBe(true);
    now += 20_000;
    expect([rate.take('a'), rate.take('a')]).toEqual([true, false]);
    now += 600_000;
    expect([1, 2, 3, 4].map(() => rate.take('a'))).toEqual([true, true, true, false]);
  });
  it('remembers no more than it may', () => {
    const rate = createRate(1, () => 0);
    rate.take('first');
    expect(rate.take('first')).toBe(false);
    for (let i = 0; i < 65_536; i++) rate.take(`other ${i}`);
    expect(rate.take('first')).toBe(true);
  });
  it('counts what is open', () => {
    const caps = createCaps(2);
    expect([caps.enter('a'), caps.enter('a'), caps.enter('a'), caps.enter('b')]).toEqual([true, true, false, true]);
    caps.leave('a');
    expect([caps.enter('a'), caps.enter('a')]).toEqual([true, false]);
  });
});

describe('static tokens', () => {
  it('know whose they are', () => {
    const verify = staticTokens('# ours\nacme 0123456789abcdef\n\nbeta  fedcba9876543210\n', 'the list');
    expect(verify('0123456789abcdef')).toEqual({ tenant: 'acme', key: 'acme/0' });
    expect(verify('fedcba9876543210')).toEqual({ tenant: 'beta', key: 'beta/1' });
    for (const wrong of ['', '0123456789abcde', '0123456789abcdeF', 'acme 0123456789abcdef'])
      expect(verify(wrong)).toBeUndefined();
  });
  it.each(['', '# none', 'acme', 'acme short', '0123456789abcdef', 'a/b 0123456789abcdef'])(
    'are refused as a list without being shown: "%s"',
    (list) => {
      expect(() => staticTokens(list, 'the list')).toThrow(
        expect.objectContaining({ code: 'ERR_CONFIG_INVALID', message: 'the list does not hold tokens' }),
      );
    },
  );
});

const SECRET = 's'.repeat(32);
const sign = (claims: object, secret = SECRET, alg = 'HS256') =>
  new SignJWT({ tenant: 'acme', ...claims })
    .setProtectedHeader({ alg })
    .setAudience('millrace')
    .setSubject('ann')
    .setExpirationTime('1h')
    .sign(new TextEncoder().encode(secret));
const base = { audience: 'millrace', tenantClaim: 'tenant' };

describe('JSON Web Tokens', () => {
  it('of a shared secret: tenant and subject', async () => {
    const verify = jwtTokens({ ...base, keys: `${SECRET}\n` });
    expect(await verify(await sign({}))).toMatchObject({ tenant: 'acme', key: 'acme/ann' });
  });
  it('are good until they expire and a little longer, as clocks differ; or streams are kept', async () => {
    const exp = Math.floor(Date.now() / 1000) + 600;
    const token = await new SignJWT({ tenant: 'acme', exp })
      .setProtectedHeader({ alg: 'HS256' })
      .setAudience('millrace')
      .sign(new TextEncoder().encode(SECRET));
    const identity = { tenant: 'acme', key: 'acme/' };
    expect(await jwtTokens({ ...base, keys: SECRET })(token)).toEqual({ ...identity, untilMs: (exp + 5) * 1000 });
    expect(await jwtTokens({ ...base, keys: SECRET, keepExpired: true })(token)).toEqual(identity);
  });
  it('are refused when anything is wrong, and never throw', async () => {
    const verify = jwtTokens({ ...base, keys: SECRET, issuer: 'us' });
    const good = await sign({ iss: 'us' });
    expect(await verify(good)).toBeDefined();
    const [header, payload] = good.split('.');
    const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.`;
    const raw = (claims: object) =>
      new SignJWT({ tenant: 'acme', iss: 'us', ...claims } as never)
        .setProtectedHeader({ alg: 'HS256' })
        .sign(new TextEncoder().encode(SECRET));
    const later = Math.floor(Date.now() / 1000) + 3600;
    const wrong = [
      await sign({ iss: 'them' }),
      await sign({ iss: 'us' }, 't'.repeat(32)),
      await sign({ iss: 'us', tenant: 'a/b' }),
      await sign({ iss: 'us', tenant: 7 }),
      await raw({ aud: 'millrace' }),
      await raw({ exp: later }),
      await raw({ exp: later, aud: 'another' }),
      await raw({ exp: 1000, aud: 'millrace' }),
      `${header}.${payload}.`,
      none,
      'no.jwt.at all',
      '',
    ];
    for (const token of wrong) expect(await verify(token), token).toBeUndefined();
    expect(await verify(await raw({ exp: later, aud: ['another', 'millrace'] }))).toBeDefined();
  });
  it('of public keys: by them, and not with a public key taken for a secret', async () => {
    const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
    const jwk = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256' };
    const keys = JSON.stringify({ keys: [jwk] });
    const verify = jwtTokens({ ...base, keys });
    const signed = new SignJWT({ tenant: 'acme' }).setAudience('millrace').setExpirationTime('1h');
    const token = await signed.setProtectedHeader({ alg: 'ES256', kid: 'k1' }).sign(privateKey);
    expect(await verify(token)).toMatchObject({ tenant: 'acme', key: 'acme/' });
    expect(await verify(await sign({}, keys))).toBeUndefined();
    const other = await generateKeyPair('ES256');
    expect(await verify(await signed.sign(other.privateKey))).toBeUndefined();
    const leaked = JSON.stringify({ keys: [await exportJWK(privateKey)] });
    for (const bad of [leaked, '{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}', '{"keys":[]}', '{}', '{', 'short'])
      expect(() => jwtTokens({ ...base, keys: bad })).toThrow(expect.objectContaining({ code: 'ERR_CONFIG_INVALID' }));
  });
});

describe('one-time tickets', () => {
  it('open once, for a minute, whoever shares the store', async () => {
    let now = 1_000_000;
    const store = memoryStore();
    const [here, there] = [oneTimeTickets(store, () => now), oneTimeTickets(store, () => now)];
    const ann = { tenant: 'acme', key: 'acme/ann' };
    const { ticket, expiresMs } = await here.issue(ann);
    expect(expiresMs).toBe(now + TICKET_MS);
    expect(JSON.stringify(await store.list())).not.toContain(ticket);
    const both = await Promise.all([here.redeem(ticket), there.redeem(ticket), here.redeem(ticket)]);
    expect(both.filter((one) => one !== undefined)).toEqual([ann]);
    expect(await there.redeem(ticket)).toBeUndefined();
    const late = await here.issue(ann);
    now += TICKET_MS + 1;
    expect(await here.redeem(late.ticket)).toBeUndefined();
    // What a token buys lasts no longer than itself.
    const brief = { ...ann, untilMs: now + 1000 };
    const [soon, later] = [await here.issue(brief), await here.issue(brief)];
    expect(soon.expiresMs).toBe(now + 1000);
    expect(await there.redeem(soon.ticket)).toEqual(brief);
    now += 1001;
    expect(await there.redeem(later.ticket)).toBeUndefined();
    for (const none of ['', 'x', 'x'.repeat(43), `${late.ticket}x`]) expect(await here.redeem(none)).toBeUndefined();
  });
});
