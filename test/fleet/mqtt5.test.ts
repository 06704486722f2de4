// MQTT 5, source and sink: sessions, receive maximum, content types and reasons. What a broker does by itself is tried on
// mosquitto, where it is installed (aedes speaks 3.1.1 only); what it says in bad times, on one that is told what to say.

import mqtt from 'mqtt';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EngineError } from '../../src/base/errors.ts';
import type { SourceMessage } from '../../src/transport/message-source.ts';
import { readMqttAddress } from '../../src/transport/mqtt/mqtt-address.ts';
import { UNDERWAY_MAX } from '../../src/transport/mqtt/mqtt-client.ts';
import { mqttSink } from '../../src/transport/mqtt/mqtt-sink.ts';
import { mqttSource } from '../../src/transport/mqtt/mqtt-source.ts';
import type { MqttVersion } from '../../src/transport/mqtt/mqtt-version.ts';
import { MOSQUITTO, startBroker, startMosquitto, until } from '../helpers/fleet-process.ts';
import { numberOf, PACKET, packet, startScriptedBroker } from '../helpers/scripted-broker.ts';

let closing: (() => Promise<unknown>)[];
beforeEach(() => {
  closing = [];
});
afterEach(async () => {
  for (const close of closing.reverse()) await close();
});

async function opened<T extends { close(): Promise<unknown> }>(starting: Promise<T>): Promise<T> {
  const made = await starting;
  closing.push(() => made.close());
  return made;
}

async function publisher(url: string) {
  const client = await mqtt.connectAsync(url, { protocolVersion: 5 });
  closing.push(() => client.endAsync(true));
  return client;
}

/** A source that runs; its messages, what it said, how it failed. */
function listen(url: string, { version = '5' as MqttVersion, clientId = 'millrace-test', sessionSeconds = 0 } = {}) {
  const taken: SourceMessage[] = [];
  const told: string[] = [];
  const source = mqttSource({
    address: readMqttAddress(`${url}/a/#`, true),
    clientId,
    remembered: true,
    version,
    ...(sessionSeconds > 0 ? { sessionSeconds } : {}),
  });
  let failure: EngineError | undefined;
  const ended = source
    .run({
      take: async (message) => void taken.push(message),
      reconnected: () => undefined,
      tell: (line) => void told.push(line),
    })
    .catch((thrown: unknown) => {
      if (!(thrown instanceof EngineError)) throw thrown;
      failure = thrown;
    });
  closing.push(() => source.close());
  const said = (words: string): boolean => told.some((line) => line.includes(words));
  return { source, taken, told, said, ended, failure: () => failure };
}
type Listening = ReturnType<typeof listen>;

async function subscribed(url: string, options: Parameters<typeof listen>[1] = {}): Promise<Listening> {
  const listening = listen(url, options);
  await until(() => listening.said('subscribed') || listening.failure() !== undefined);
  expect(listening.failure()).toBeUndefined();
  return listening;
}
const textOf = ({ bytes }: SourceMessage): string => Buffer.from(bytes).toString();

describe.skipIf(!MOSQUITTO)('MQTT 5 (where mosquitto is installed)', () => {
  it('keeps a session: what was not acknowledged and what came meanwhile is delivered to the next process', async () => {
    const { url } = await opened(startMosquitto());
    const client = await publisher(url);
    const first = await subscribed(url);
    for (const text of ['1', '2', '3']) await client.publishAsync('a/x', text, { qos: 1 });
    await until(() => first.taken.length === 3);
    first.taken[0]!.done!();
    await first.source.close();
    await first.ended;
    await client.publishAsync('a/x', '4', { qos: 1 });
    const second = await subscribed(url);
    await until(() => second.taken.length === 3);
    expect(second.taken.map(textOf)).toEqual(['2', '3', '4']);
    expect(second.taken.map(({ again }) => again)).toEqual([true, true, false]);
    expect(second.taken.slice(0, 2).map(({ id }) => id)).toEqual(first.taken.slice(1).map(({ id }) => id));
    expect(second.said('forgotten')).toBe(false);
  });

  it('lets go what has expired, as its sender said', async () => {
    const { url } = await opened(startMosquitto());
    const client = await publisher(url);
    const first = await subscribed(url);
    await first.source.close();
    await client.publishAsync('a/x', 'soon', { qos: 1, properties: { messageExpiryInterval: 1 } });
    await client.publishAsync('a/x', 'late', { qos: 1, properties: { messageExpiryInterval: 1000 } });
    await new Promise((resolve) => setTimeout(resolve, 2500));
    const second = await subscribed(url);
    await until(() => second.taken.length > 0);
    expect(second.taken.map(textOf)).toEqual(['late']);
  });

  it('hands over what a sender says that a message is in', async () => {
    const { url } = await opened(startMosquitto());
    const client = await publisher(url);
    const { taken } = await subscribed(url);
    await client.publishAsync('a/x', '1', { qos: 1, properties: { contentType: 'application/senml+cbor' } });
    await client.publishAsync('a/x', '2', { qos: 1 });
    await until(() => taken.length === 2);
    expect(taken.map(({ contentType }) => contentType)).toEqual(['application/senml+cbor', undefined]);
  });

  it('has no more messages under way than it said, and gets the rest as it acknowledges', async () => {
    const { url } = await opened(startMosquitto());
    const client = await publisher(url);
    const { taken } = await subscribed(url);
    const all = UNDERWAY_MAX + 50;
    await Promise.all(Array.from({ length: all }, (_, i) => client.publishAsync('a/x', String(i), { qos: 1 })));
    await until(() => taken.length === UNDERWAY_MAX);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(taken).toHaveLength(UNDERWAY_MAX);
    for (const { done } of taken.slice(0, 50)) done!();
    await until(() => taken.length === all);
    expect(new Set(taken.map(textOf)).size).toBe(all);
  });

  it('says that a broker has lost what it was to keep', async () => {
    const broker = await startMosquitto();
    const { said, told } = await subscribed(broker.url);
    await broker.close();
    await until(() => said('no connection'));
    await opened(startMosquitto(['allow_anonymous true'], [], broker.port));
    await until(() => said('forgotten us'));
    await until(() => told.filter((line) => line.startsWith('subscribed')).length === 2);
  });

  it('ends with the reason when the broker lets nobody in', async () => {
    const { url } = await opened(startMosquitto(['allow_anonymous false']));
    const { ended, failure } = listen(url);
    await ended;
    expect(failure()).toMatchObject({
      code: 'ERR_CONNECT_FAILED',
      message: `${url}/a/# refused the connection: Not authorized (0x87)`,
    });
  });

  it('fails with the reason when the broker does not take a result, which 3.1.1 cannot say', async () => {
    const { url } = await opened(startMosquitto(['allow_anonymous true'], ['topic read #']));
    const address = readMqttAddress(`${url}/out`, false);
    const sink = mqttSink({ address, clientId: 'out', remembered: false, version: '5' }, () => undefined);
    closing.push(() => sink.close());
    sink.publish('x', '1');
    await expect(sink.settled()).rejects.toMatchObject({
      code: 'ERR_CONNECT_FAILED',
      message: `${url}/out refused a result: Not authorized (0x87)`,
    });
  });

  it('publishes more than the broker takes at once', async () => {
    const { url } = await opened(startMosquitto(['allow_anonymous true', 'max_inflight_messages 5']));
    const client = await publisher(url);
    const got: string[] = [];
    client.on('message', (_topic, payload) => got.push(payload.toString()));
    await client.subscribeAsync('out/#', { qos: 1 });
    const address = readMqttAddress(`${url}/out`, false);
    const told: string[] = [];
    const sink = mqttSink({ address, clientId: 'out', remembered: false, version: '5' }, (line) => told.push(line));
    for (let i = 0; i < 500; i++) sink.publish('x', String(i));
    await sink.settled();
    await until(() => got.length === 500);
    expect(got).toEqual(Array.from({ length: 500 }, (_, i) => String(i)));
    expect(told).toEqual([]);
    await sink.close();
  });
});

const ACCEPTED = packet(PACKET.connack, 0, 0, 0);
const SUBSCRIBED = (subscribe: Buffer, code: number): Buffer =>
  packet(PACKET.suback, subscribe[0]!, subscribe[1]!, 0, code);

describe('what a broker of MQTT 5 says', () => {
  it('is asked for a session that does not expire, or for as long as is wanted', async () => {
    const connects: Buffer[] = [];
    const { url } = await opened(
      startScriptedBroker((type, body, socket) => {
        if (type === PACKET.connect) socket.write(ACCEPTED);
        if (type === PACKET.connect) connects.push(Buffer.from(body));
        if (type === PACKET.subscribe) socket.write(SUBSCRIBED(body, 1));
      }),
    );
    await subscribed(url);
    await subscribed(url, { sessionSeconds: 3600 });
    listen(url, { version: '3.1.1' });
    await until(() => connects.length === 3);
    const properties = connects.map((body) => body.subarray(11, 11 + body[10]!).toString('hex'));
    expect(connects.map((body) => [body[6], body[7]! & 2])).toEqual([5, 5, 4].map((version) => [version, 0]));
    expect(properties[0]).toContain('11ffffffff');
    expect(properties[0]).toContain('2103e8');
    expect(properties[1]).toContain('1100000e10');
  });

  it('is told on when it keeps a session for less', async () => {
    const { url } = await opened(
      startScriptedBroker((type, body, socket) => {
        if (type === PACKET.connect) socket.write(packet(PACKET.connack, 0, 0, 5, 0x11, 0, 0, 0, 60));
        if (type === PACKET.subscribe) socket.write(SUBSCRIBED(body, 1));
      }),
    );
    const { said } = await subscribed(url);
    expect(said('keeps what comes while we are away for 60 s only')).toBe(true);
  });

  it('is tried again when it can pass: a quota, a busy broker, one that shuts down', async () => {
    let ended = 0;
    const answers = [packet(PACKET.connack, 0, 0x97, 0), packet(PACKET.connack, 0, 0x89, 0), ACCEPTED];
    const { url } = await opened(
      startScriptedBroker((type, body, socket) => {
        if (type === PACKET.connect) socket.write(answers.shift()!);
        if (type !== PACKET.subscribe) return;
        socket.write(SUBSCRIBED(body, 1));
        if (answers.length > 0) return;
        if (ended++ > 0) return;
        answers.push(ACCEPTED);
        socket.end(packet(PACKET.disconnect, 0x8b, 0));
      }),
    );
    const { told, failure } = listen(url);
    await until(() => told.filter((line) => line.startsWith('connected')).length >= 2);
    expect(failure()).toBeUndefined();
    expect(told.filter((line) => line.startsWith('no connection'))).toEqual([
      `no connection to ${url}/a/#: Quota exceeded (0x97); trying again every second`,
      `no connection to ${url}/a/#: Server shutting down (0x8b); trying again every second`,
    ]);
  });

  it.each([
    [0x87, 'Not authorized (0x87)', 'a name, a password and a topic that the broker allows'],
    [0x97, 'Quota exceeded (0x97)', 'a larger quota at the broker, or less that waits there'],
  ])('ends the source when it refuses the subscription: %i', async (code, why, expected) => {
    const { url } = await opened(
      startScriptedBroker((type, body, socket) => {
        if (type === PACKET.connect) socket.write(ACCEPTED);
        if (type === PACKET.subscribe) socket.write(SUBSCRIBED(body, code));
      }),
    );
    const { ended, failure } = listen(url);
    await ended;
    expect(failure()).toMatchObject({
      code: 'ERR_CONNECT_FAILED',
      message: `${url}/a/# refused the subscription: ${why}`,
      expected,
    });
  });

  it('ends the source when another process takes over its session, instead of taking it back', async () => {
    const { url } = await opened(
      startScriptedBroker((type, body, socket) => {
        if (type === PACKET.connect) socket.write(ACCEPTED);
        if (type === PACKET.subscribe) socket.write(SUBSCRIBED(body, 1));
        if (type === PACKET.subscribe) socket.end(packet(PACKET.disconnect, 0x8e, 0));
      }),
    );
    const { ended, failure } = listen(url);
    await ended;
    expect(failure()).toMatchObject({
      code: 'ERR_CONNECT_FAILED',
      message: `${url}/a/# refused to go on: Session taken over (0x8e)`,
      expected: expect.stringContaining('--client-id'),
    });
  });

  it('bounds how many results are under way, and a quota of it is no silent loss', async () => {
    const numbers: number[] = [];
    let answer: (number: number, reason: number) => void = () => undefined;
    const { url } = await opened(
      startScriptedBroker((type, body, socket) => {
        if (type === PACKET.connect) socket.write(packet(PACKET.connack, 0, 0, 3, 0x21, 0, 2));
        if (type === PACKET.publish) numbers.push(numberOf(body));
        answer = (number, reason) => socket.write(packet(PACKET.puback, number >> 8, number & 255, reason));
      }),
    );
    const address = readMqttAddress(`${url}/out`, false);
    const sink = mqttSink({ address, clientId: 'out', remembered: false, version: '5' }, () => undefined);
    closing.push(() => sink.close());
    for (let i = 0; i < 5; i++) sink.publish('x', String(i));
    await until(() => numbers.length === 2);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(numbers).toHaveLength(2);
    answer(numbers[0]!, 0);
    await until(() => numbers.length === 3);
    answer(numbers[1]!, 0x97);
    await expect(sink.settled()).rejects.toMatchObject({
      code: 'ERR_CONNECT_FAILED',
      message: `${url}/out refused a result: Quota exceeded (0x97)`,
    });
  });
});

describe('a broker of MQTT 3.1.1 alone', () => {
  it('is named as such to whoever asked for 5', async () => {
    const { url } = await opened(startBroker());
    const { ended, failure } = listen(url);
    await ended;
    expect(failure()).toMatchObject({
      code: 'ERR_CONNECT_FAILED',
      expected: expect.stringContaining('--mqtt-version 3.1.1'),
    });
  });

  it('that is not available yet is tried again', async () => {
    const { url, aedes } = await opened(startBroker());
    let asked = 0;
    aedes.authenticate = (_client, _name, _password, answer) =>
      asked++ === 0 ? answer(Object.assign(new Error('later'), { returnCode: 3 }), false) : answer(null, true);
    const { said } = await subscribed(url, { version: '3.1.1' });
    expect(said('Server unavailable (0x03); trying again')).toBe(true);
  });
});
