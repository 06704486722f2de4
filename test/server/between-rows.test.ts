// snapshot, fork, update and sealed states, by their messages.

import { randomBytes } from 'node:crypto';
import { describe, expect, it, onTestFinished } from 'vitest';
import { memoryStore } from '../../src/store/memory-store.ts';
import type { StatesOptions } from '../../src/transport/states.ts';
import { attach, ROWS, refusal, rowsOf, until } from './resumable.ts';
import { openRaw, START, startServer } from './test-server.ts';

const key = randomBytes(32);
async function serve(states: Partial<StatesOptions> = {}, limits = {}) {
  const server = await startServer(limits, 10_000, { store: memoryStore(), sealKeys: [key], ...states });
  onTestFinished(() => server.close());
  return server;
}

/** A stream of which 8,000 rows are in a sealed state, and how it ended without it. */
async function sealedAt8000(url: string) {
  const client = await attach(url);
  client.sendRows(0, 8000);
  client.send({ type: 'snapshot', id: 's', inline: true });
  client.sendRows(8000, ROWS);
  client.send({ type: 'close' });
  return { ...(await client.next('snapshot')), end: await client.next('end'), results: client.results() };
}

describe('a sealed state', () => {
  it('lets a server that never saw the stream go on with it, to the same end', async () => {
    const { state, end, results, offset, seq } = await sealedAt8000((await serve()).url);
    expect({ offset, seq }).toEqual({ offset: 8000, seq: 50 });
    const stranger = await serve();
    const client = await attach(stranger.url, { state: state! });
    expect(client.ready).toMatchObject({ recovered: true, offset: 8000, seq: 50 });
    client.sendRows(8000, ROWS);
    client.send({ type: 'close' });
    expect(await client.next('end')).toEqual(end);
    expect(client.results()).toEqual(results.slice(50));
  });

  it('is refused in the same words whatever is wrong with it: forged, cut, used, expired, of another key, model or pipeline', async () => {
    let now = Date.now();
    const store = memoryStore();
    const server = await serve({ nowMs: () => now, store }, { resumeMsMax: 60_000 });
    const { state } = await sealedAt8000(server.url);
    const sealed = Buffer.from(state!, 'base64url');
    const flipped = (at: number) => {
      const copy = Buffer.from(sealed);
      copy[at]! ^= 1;
      return copy.toString('base64url');
    };
    const places = [0, 1, 12, 13, 20, 21, 40, sealed.length - 17, sealed.length - 16, sealed.length - 1];
    const forged = [
      ...places.map(flipped),
      sealed.subarray(0, -1).toString('base64url'),
      sealed.subarray(0, 30).toString('base64url'),
      Buffer.concat([sealed, Buffer.of(0)]).toString('base64url'),
      `${state}=`,
      `${state} `,
      sealed.toString('base64'),
      '',
      'x',
      randomBytes(500).toString('base64url'),
    ];
    const answers = new Set<string>();
    const ask = async (url: string, text: string, more: object = {}) => {
      const { close, message } = await refusal(url, { state: text }, more);
      answers.add(JSON.stringify([close, message]));
    };
    for (const text of forged) await ask(server.url, text);
    await ask((await serve({ sealKeys: [randomBytes(32)] })).url, state!);
    await ask((await serve({ sealKeys: [] })).url, state!);
    await ask(server.url, state!, { pipeline: 'echo' });
    const client = await attach(server.url, { state: state! }); // the one time
    await client.cut();
    await ask(server.url, state!);
    const second = (await sealedAt8000(server.url)).state!;
    now += 60_001;
    await ask(server.url, second);
    expect([...answers]).toHaveLength(1);
    expect(JSON.parse([...answers][0]!)).toMatchObject([4410, { code: 'ERR_STATE_SEAL', fatal: true }]);
  });

  it('opens under an older key as long as that is there', async () => {
    const { state } = await sealedAt8000((await serve()).url);
    const changed = await serve({ sealKeys: [randomBytes(32), key] });
    expect((await attach(changed.url, { state: state! })).ready.offset).toBe(8000);
  });

  it('is not given by a server without a key, nor when it fits in no message', async () => {
    for (const [states, limits, code] of [
      [{ sealKeys: [] }, {}, 'ERR_OPTION_INVALID'],
      [{}, { messageBytesMax: 4200 }, 'ERR_STATE_TOO_LARGE'],
    ] as const) {
      const client = await attach((await serve(states, limits)).url);
      client.send({ type: 'snapshot', id: 's', inline: true });
      expect(await client.next('error')).toMatchObject({ code, fatal: false });
      client.send({ type: 'close' });
      await client.next('end');
    }
  });
});

describe('snapshot, fork and update', () => {
  it('take their place between rows: what was sent behind them waits', async () => {
    const server = await serve();
    const client = await attach(server.url);
    client.sendRows(0, 4000);
    client.send({ type: 'snapshot', id: 's' });
    client.sendRows(4000, 8000);
    client.send({ type: 'fork', id: 'f', stream: 'twin' });
    client.sendRows(8000, ROWS);
    client.send({ type: 'close' });
    const end = await client.next('end');
    expect(await client.next('snapshot')).toEqual({ type: 'snapshot', id: 's', offset: 4000, seq: 25 });
    const { token, ...fork } = await client.next('fork');
    expect(fork).toEqual({ type: 'fork', id: 'f', offset: 8000, seq: 50 });
    const order = client.messages.filter(({ type }) => ['result', 'snapshot', 'fork'].includes(type));
    expect(order.findIndex(({ type }) => type === 'snapshot')).toBe(25);
    expect(order.findIndex(({ type }) => type === 'fork')).toBe(51);
    const twin = await attach(server.url, { token: token!, seq: 50 });
    expect(twin.ready).toMatchObject({ stream: 'twin', offset: 8000 });
    twin.sendRows(8000, ROWS);
    twin.send({ type: 'close' });
    expect(await twin.next('end')).toEqual(end);
  });

  it('update changes options from its place on, and is remembered by a stream that is resumed', async () => {
    const server = await serve();
    const whole = await attach(server.url);
    whole.sendRows(0, 8000);
    whole.send({ type: 'update', id: 'u', options: { leak: 0.5 } });
    whole.sendRows(8000, ROWS);
    whole.send({ type: 'close' });
    const end = await whole.next('end');
    expect(await whole.next('update')).toEqual({ type: 'update', id: 'u', options: { leak: 0.5 }, offset: 8000 });
    const plain = await attach(server.url);
    plain.sendRows(0, ROWS);
    plain.send({ type: 'close' });
    expect((await plain.next('end')).digest).not.toBe(end.digest);
    expect(plain.results().slice(0, 50)).toEqual(whole.results().slice(0, 50));

    const cut = await attach(server.url);
    cut.sendRows(0, 8000);
    cut.send({ type: 'update', id: 'u', options: { leak: 0.5 } });
    await cut.next('update');
    await cut.cut();
    const again = await attach(server.url, { token: cut.ready.resume!.token, seq: 50 });
    expect(again.ready.resume).toMatchObject({ after: 'u' });
    again.sendRows(8000, ROWS);
    again.send({ type: 'close' });
    expect(await again.next('end')).toEqual(end);
  });

  it('are refused without harm: on an ordinary stream, with options that are wrong', async () => {
    const server = await serve();
    const client = await openRaw(server.url);
    client.send(START);
    client.send({ type: 'fork', id: '1' });
    client.send({ type: 'snapshot', id: '2' });
    client.send({ type: 'update', id: '3', options: { speed: 1 } });
    client.send({ type: 'update', id: '4', options: { leak: 7 } });
    client.send({ type: 'update', id: '5', options: { leak: 0.9 } });
    client.send(rowsOf(0, 1600));
    client.send({ type: 'close' });
    expect(await client.next('end')).toMatchObject({ offset: 1600, results: 10 });
    const errors = client.messages.filter((message) => message.type === 'error');
    expect(errors.map(({ code, fatal }) => [code, fatal])).toEqual(Array(4).fill(['ERR_OPTION_INVALID', false]));
    expect(await client.next('update')).toMatchObject({ id: '5', offset: 0 });
  });

  it('and wait for work that is done elsewhere', async () => {
    const server = await serve();
    const client = await attach(server.url, {}, { pipeline: 'echo' });
    for (let at = 0; at < 1600; at += 160) client.send(rowsOf(at, at + 160));
    client.send({ type: 'snapshot', id: 's' });
    await until(() => client.messages.some(({ type }) => type === 'snapshot'));
    expect(await client.next('snapshot')).toMatchObject({ offset: 1600, seq: 10 });
    await client.cut();
  });
});
