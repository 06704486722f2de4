// The MQTT source and sink against a broker (aedes): what is acknowledged and when, what is published, who is refused.

import mqtt from 'mqtt';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { MessageSource, SourceMessage } from '../../src/transport/message-source.ts';
import { readMqttAddress } from '../../src/transport/mqtt/mqtt-address.ts';
import { mqttSink } from '../../src/transport/mqtt/mqtt-sink.ts';
import { mqttSource } from '../../src/transport/mqtt/mqtt-source.ts';
import { type Broker, startBroker, until } from '../helpers/fleet-process.ts';

let broker: Broker;
let closing: (() => Promise<unknown>)[];
beforeEach(async () => {
  broker = await startBroker();
  closing = [];
});
afterEach(async () => {
  for (const close of closing.reverse()) await close();
  await broker.close();
});

async function publisher() {
  const client = await mqtt.connectAsync(broker.url);
  closing.push(() => client.endAsync(true));
  return client;
}

/** A source that runs; its messages, and what it said. */
async function listen(filter = 'a/#', login = '') {
  const taken: SourceMessage[] = [];
  const told: string[] = [];
  const url = broker.url.replace('mqtt://', `mqtt://${login}`);
  const source: MessageSource = mqttSource({
    address: readMqttAddress(`${url}/${filter}`, true),
    clientId: 'millrace-test',
    remembered: true,
  });
  let failure: unknown;
  const handlers = {
    take: async (message: SourceMessage) => void taken.push(message),
    reconnected: () => undefined,
    tell: (line: string) => void told.push(line),
  };
  const ended = source.run(handlers).catch((thrown: unknown) => {
    failure = thrown;
  });
  await until(() => told.some((line) => line.startsWith('subscribed')) || failure !== undefined);
  return { source, taken, told, ended, failure: () => failure as { code: string; message: string } | undefined };
}

describe('MQTT source', () => {
  it('acknowledges a message when it is said to be safe, not before, and reads on meanwhile', async () => {
    const acked: number[] = [];
    broker.aedes.on('ack', (packet) => packet?.messageId !== undefined && acked.push(packet.messageId));
    const { source, taken } = await listen();
    closing.push(() => source.close());
    const client = await publisher();
    for (const text of ['1', '2', '3']) await client.publishAsync('a/x', text, { qos: 1 });
    await until(() => taken.length === 3);
    expect(acked).toEqual([]);
    for (const { done } of taken) done!();
    await until(() => acked.length === 3);
    expect(acked).toEqual(taken.map(({ id }) => id));
  });

  it('gets again on the next connection what it did not acknowledge, with the same numbers', async () => {
    const client = await publisher();
    const first = await listen();
    for (const text of ['1', '2', '3']) await client.publishAsync('a/x', text, { qos: 1 });
    await until(() => first.taken.length === 3);
    first.taken[0]!.done!();
    await first.source.close();
    await first.ended;
    await client.publishAsync('a/x', '4', { qos: 1 });
    const second = await listen();
    closing.push(() => second.source.close());
    await until(() => second.taken.length >= 3);
    const seen = new Map(second.taken.map(({ id, bytes }) => [Buffer.from(bytes).toString(), id]));
    expect([...seen.keys()].sort()).toEqual(expect.arrayContaining(['2', '3', '4']));
    for (const i of [1, 2]) expect(seen.get(String(i + 1))).toBe(first.taken[i]!.id);
  });

  it('says which messages a broker only remembered', async () => {
    const client = await publisher();
    await client.publishAsync('a/old', '1', { qos: 1, retain: true });
    const { source, taken } = await listen();
    closing.push(() => source.close());
    await until(() => taken.length === 1);
    await client.publishAsync('a/new', '2', { qos: 1 });
    await until(() => taken.length === 2);
    expect(taken.map(({ topic, retained }) => [topic, retained])).toEqual([
      ['a/old', true],
      ['a/new', false],
    ]);
  });

  it('ends with an error that shows no password when the broker refuses it', async () => {
    broker.aedes.authenticate = (_client, _name, _password, answer) =>
      answer(Object.assign(new Error('no'), { returnCode: 4 }), false);
    const { failure, source } = await listen('a/#', 'me:secret@');
    closing.push(() => source.close());
    expect(failure()).toMatchObject({ code: 'ERR_CONNECT_FAILED' });
    expect(failure()!.message).not.toContain('secret');
  });

  it('ends with an error when the broker denies the topic', async () => {
    broker.aedes.authorizeSubscribe = (_client, _subscription, answer) => answer(null, null);
    const { failure, source } = await listen();
    closing.push(() => source.close());
    expect(failure()).toMatchObject({ code: 'ERR_CONNECT_FAILED' });
  });

  it('says once that no broker is there, and goes on trying', async () => {
    const told: string[] = [];
    const source = mqttSource({
      address: readMqttAddress('mqtt://127.0.0.1:9/a', true),
      clientId: 'x',
      remembered: false,
    });
    const ended = source.run({
      take: async () => undefined,
      reconnected: () => undefined,
      tell: (line) => told.push(line),
    });
    await until(() => told.length > 0);
    expect(told[0]).toMatch(/^no connection to mqtt:\/\/127\.0\.0\.1:9\/a: ECONNREFUSED; trying again/);
    await source.close();
    await ended;
  });
});

describe('MQTT sink', () => {
  it('publishes under its topic at QoS 1, and settles once the broker has confirmed', async () => {
    const got: [string, string, number][] = [];
    broker.aedes.on('publish', ({ topic, payload, qos }, client) => {
      if (client) got.push([topic, payload.toString(), qos]);
    });
    const sink = mqttSink(
      { address: readMqttAddress(`${broker.url}/out`, false), clientId: 'out', remembered: false },
      () => undefined,
    );
    for (let i = 0; i < 3; i++) sink.publish('kitchen/temp', String(i));
    await sink.settled();
    expect(got).toEqual([0, 1, 2].map((i) => ['out/kitchen/temp', String(i), 1]));
    await sink.drained();
    // A broker hangs up on such a topic, and would be sent it again for ever.
    sink.publish('a\u0000b/+/c#d', '3');
    await sink.settled();
    expect(got.at(-1)).toEqual(['out/a_b/_/c_d', '3', 1]);
    await sink.close();
  });
});
