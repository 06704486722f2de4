import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { fileStore } from '../../src/store/file-store.ts';
import { memoryStore } from '../../src/store/memory-store.ts';
import type { StateStore } from '../../src/store/state-store.ts';
import type { StreamLimits } from '../../src/transport/limits.ts';
import type { EndMessage, ServerMessage } from '../../src/wire/messages.ts';
import { attach, ROWS, refusal, until } from './resumable.ts';
import { openRaw, START, startServer, type TestServer } from './test-server.ts';

const seqsOf = (messages: readonly ServerMessage[]) =>
  messages.flatMap((message) => (message.type === 'result' ? [message.seq] : []));
const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

let folder: string;
let store: StateStore;
let undisturbed: EndMessage;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-resume-'));
  store = await fileStore(folder);
  const server = await startServer();
  const client = await openRaw(server.url);
  client.send(START);
  const { sendRows, ...plain } = await attach(server.url);
  sendRows(0, ROWS);
  plain.send({ type: 'close' });
  undisturbed = await plain.next('end');
  await server.close();
});
afterAll(() => rm(folder, { recursive: true }));

async function serve(limits: Partial<StreamLimits> = {}, kept: StateStore = store): Promise<TestServer> {
  const server = await startServer({ checkpointMsMax: 50, ...limits }, 10_000, { store: kept });
  onTestFinished(() => server.close());
  return server;
}

describe('a resumable stream', () => {
  it('goes on after a cut, on another server too: same results, same digest, none twice, none missing', async () => {
    const one = await serve();
    const two = await serve();
    let token: string | undefined;
    let seq = 0;
    const all: ServerMessage[] = [];
    for (const [round, server] of [one, one, two, one, two].entries()) {
      const client = await attach(server.url, token === undefined ? true : { token, seq });
      expect(client.ready).toMatchObject({ recovered: round > 0, seq });
      const { offset } = client.ready;
      // What is stored may lie behind what was told of: a server takes over from one that has not yet seen the cut.
      const to = Math.min(Math.max(offset, seq * 160) + 5000 + 333 * round, ROWS);
      client.sendRows(offset, to);
      await until(() => client.results().length > 10);
      await client.cut();
      all.push(...client.messages);
      seq += client.results().length;
      token = client.ready.resume!.token;
    }
    const last = await attach(two.url, { token: token!, seq });
    last.sendRows(last.ready.offset, ROWS);
    last.send({ type: 'close' });
    expect(await last.next('end')).toEqual(undisturbed);
    all.push(...last.messages);
    expect(seqsOf(all)).toEqual(numbers(0, 200));
  });

  it('says what is stored in acks, and starts from there when its server is gone without a word', async () => {
    const kept = memoryStore();
    const one = await serve({}, kept);
    const client = await attach(one.url, true, { ack_ms: 20 });
    client.sendRows(0, 8000);
    await until(() => client.messages.some((message) => message.type === 'ack' && message.durable === 8000));
    const [stored] = await kept.list();
    const { bytes } = (await kept.get(stored!.key))!;
    client.sendRows(8000, 16_000);
    await until(() => client.results().length === 100);
    // What a killed server leaves: the state of a while ago, under an epoch that nobody renews.
    await client.cut();
    await until(() => one.streams.sessions() === 0);
    const { epoch } = await kept.claim(stored!.key);
    await kept.put(stored!.key, epoch, bytes);
    const two = await serve({}, kept);
    const again = await attach(two.url, { token: client.ready.resume!.token, seq: 100 });
    expect(again.ready).toMatchObject({ recovered: true, offset: 8000, seq: 100 });
    again.sendRows(8000, ROWS);
    again.send({ type: 'close' });
    expect(await again.next('end')).toEqual(undisturbed);
    expect(seqsOf(again.messages)).toEqual(numbers(100, 200));
  });

  it('repeats what did not arrive, byte for byte, and forgets what did', async () => {
    const server = await serve();
    const first = await attach(server.url);
    first.sendRows(0, 16_000);
    await until(() => first.results().length === 100);
    await first.cut();
    const second = await attach(server.url, { token: first.ready.resume!.token, seq: 40 });
    await until(() => second.results().length === 60);
    expect(second.results()).toEqual(first.results().slice(40));
    second.send({ type: 'received', seq: 90 });
    await second.cut();
    const { token } = second.ready.resume!;
    expect(await refusal(server.url, { token, seq: 89 })).toMatchObject({ close: 4410, error: 'ERR_STATE_GONE' });
    const third = await attach(server.url, { token, seq: 90 });
    await until(() => third.results().length === 10);
    expect(third.results()).toEqual(first.results().slice(90));
  });

  it('keeps no more than it may for a client that confirms nothing', async () => {
    const server = await serve({ resumeLogBytesMax: 4000 });
    const first = await attach(server.url);
    first.sendRows(0, 16_000);
    await until(() => first.results().length === 100);
    await first.cut();
    const { token } = first.ready.resume!;
    const refused = await refusal(server.url, { token, seq: 10 });
    expect(refused).toMatchObject({ close: 4410, error: 'ERR_STATE_GONE' });
    expect((await attach(server.url, { token, seq: 100 })).ready.seq).toBe(100);
  });

  it('waits for a client that confirms, rather than forget what it has not got', async () => {
    const server = await serve({ resumeLogBytesMax: 4000 });
    const client = await attach(server.url);
    client.send({ type: 'received', seq: 0 });
    client.sendRows(0, 16_000);
    await until(() => client.results().length > 10);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const held = client.results().length;
    expect(held).toBeLessThan(60);
    while (client.results().length < 100) {
      client.send({ type: 'received', seq: client.results().length });
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    client.sendRows(16_000, ROWS);
    client.send({ type: 'received', seq: 100 });
    client.send({ type: 'close' });
    const timer = setInterval(() => client.send({ type: 'received', seq: client.results().length }), 5);
    expect(await client.next('end')).toEqual(undisturbed);
    clearInterval(timer);
  });

  it('says its last words again after its end', async () => {
    const server = await serve();
    const first = await attach(server.url);
    first.sendRows(0, ROWS);
    first.send({ type: 'close' });
    await first.next('end');
    await first.closed;
    await until(() => server.streams.sessions() === 0);
    const second = await attach(server.url, { token: first.ready.resume!.token, seq: 195 });
    expect(await second.next('end')).toEqual(undisturbed);
    expect(seqsOf(second.messages)).toEqual([195, 196, 197, 198, 199]);
    expect((await second.closed).code).toBe(1000);
  });

  it('knows which commands are in the state, and answers each once', async () => {
    const server = await serve();
    const first = await attach(server.url);
    first.sendRows(0, 1000);
    first.send({ type: 'finalize', id: 'f1' });
    first.send({ type: 'reset', id: 'r1' });
    await first.next('reset');
    await first.cut();
    const second = await attach(server.url, { token: first.ready.resume!.token, seq: first.results().length });
    expect(second.ready).toMatchObject({ offset: 1000, resume: { after: 'r1' } });
    await second.cut();
  });

  it('works in both subprotocols and framed, whichever it began in', async () => {
    const { connectPb } = await import('./resumable-pb.ts');
    const server = await serve();
    const first = await attach(server.url);
    first.sendRows(0, 16_000);
    await until(() => first.results().length === 100);
    await first.cut();
    const { token } = first.ready.resume!;
    const framed = await connectPb(server.url, { token, seq: 50 }, 'framed');
    await until(() => framed.results().length === 50);
    expect(framed.results()).toEqual(first.results().slice(50));
    await framed.cut();
    const pb = await connectPb(server.url, { token: framed.ready.resume!.token, seq: 70 });
    await until(() => pb.results().length === 30);
    expect(pb.results()).toEqual(first.results().slice(70));
    await pb.cut();
  });
});

describe('who may resume', () => {
  it('the holder of the newest ticket; one connection at a time', async () => {
    const server = await serve();
    const first = await attach(server.url);
    first.sendRows(0, 8000);
    await until(() => first.results().length === 50);
    const { token } = first.ready.resume!;
    const second = await attach(server.url, { token, seq: 50 }); // the first only seems to live
    expect((await first.closed).code).toBe(4409);
    expect(first.messages.at(-1)).toMatchObject({ type: 'error', code: 'ERR_STATE_FENCED', fatal: true });
    expect(second.ready.offset).toBe(8000);
    await second.cut();
    const third = await attach(server.url, { token, seq: 50 }); // the second's ready may have been lost
    third.send({ type: 'received', seq: 50 });
    await third.cut();
    expect(await refusal(server.url, { token, seq: 50 })).toMatchObject({ close: 4410, error: 'ERR_STATE_GONE' });
    expect(await refusal(server.url, { token: second.ready.resume!.token })).toMatchObject({ close: 4410 });
    await (await attach(server.url, { token: third.ready.resume!.token, seq: 50 })).cut();
  });

  it('on two servers: one of them serves, the other is fenced off when it next stores', async () => {
    const one = await serve();
    const two = await serve({}, await fileStore(folder));
    const first = await attach(one.url);
    first.sendRows(0, 8000);
    await until(() => first.results().length === 50);
    const second = await attach(two.url, { token: first.ready.resume!.token, seq: 50 });
    first.sendRows(8000, 9000);
    expect((await first.closed).code).toBe(4409);
    second.sendRows(second.ready.offset, ROWS);
    second.send({ type: 'close' });
    expect(await second.next('end')).toEqual(undisturbed);
  });

  it('nobody else, with one answer for every reason, and without disturbing who has it', async () => {
    let now = Date.now();
    const kept = memoryStore({}, () => now);
    const server = await startServer({ resumeMsMax: 60_000 }, 10_000, { store: kept, nowMs: () => now });
    onTestFinished(() => server.close());
    const client = await attach(server.url);
    const { token } = client.ready.resume!;
    const [key, secret] = token.split('.') as [string, string];
    const other = (await attach(server.url)).ready.resume!.token;
    const wrong = [
      `${key}.${secret.slice(1)}A`,
      `${key}.${other.split('.')[1]}`,
      `${key}.`,
      secret,
      '',
      '../x',
      other.slice(0, -1),
    ];
    const answers = new Set<string>();
    for (const bad of [...wrong, `r${'0'.repeat(32)}.${secret}`]) {
      const { close, message } = await refusal(server.url, { token: bad });
      answers.add(JSON.stringify([close, message]));
    }
    expect([...answers]).toHaveLength(1);
    expect([...answers][0]).toContain('ERR_STATE_GONE');
    client.sendRows(0, 320);
    await until(() => client.results().length === 2);
    await client.cut();
    await until(() => server.streams.sessions() <= 1);
    now += 61_000;
    expect(JSON.stringify([4410, (await refusal(server.url, { token })).message])).toBe([...answers][0]);
  });

  it('only with the pipeline, format and model that the state is of', async () => {
    const server = await serve();
    const client = await attach(server.url);
    await client.cut();
    const { token } = client.ready.resume!;
    const format = { encoding: 'pcm_s16le', rate: 8000, channels: 1 };
    expect(await refusal(server.url, { token }, { format })).toMatchObject({ close: 4410, error: 'ERR_STATE_MODEL' });
  });

  it('and an ordinary stream has no ticket, no durable offset and nothing in the store', async () => {
    const kept = memoryStore();
    const server = await serve({}, kept);
    const client = await openRaw(server.url);
    client.send(START);
    expect(await client.next('ready')).not.toHaveProperty('resume');
    client.send(new Uint8Array(3200));
    expect(await client.next('ack')).not.toHaveProperty('durable');
    expect(await kept.list()).toEqual([]);
  });
});
