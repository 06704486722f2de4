// Messages of a topic filter at QoS 1. A message is acknowledged when the receiver says that it is safe, not when it is
// read: mqtt.js acknowledges at the end of `handleMessage`, so it is ended with a failure, which only means "no PUBACK", and
// the PUBACK is written once `done` is called. So many messages can be under way at once, as the broker allows; in MQTT 5 as
// many as we said, so that a broker never has more under way than the process will hold.

import type { MqttClient } from 'mqtt';
import type { EngineError } from '../../base/errors.ts';
import type { MessageSource, SourceHandlers } from '../message-source.ts';
import { connectMqtt, type MqttOptions } from './mqtt-client.ts';
import { reasonOf, refused } from './mqtt-reasons.ts';

const LATER = new Error('acknowledged later');
/** In MQTT 5 these bytes mean as much: a reason that is left out is success. */
const PUBACK = 0x40;

export function mqttSource(options: MqttOptions): MessageSource {
  const { address } = options;
  let client: MqttClient | undefined;
  let stopped = false;
  let ended: () => void = () => undefined;

  function acknowledge(id: number, stream: unknown): void {
    // On a later connection it would be another message's number; this one comes again there, and is known.
    if (!client?.connected || client.stream !== stream) return;
    client.stream.write(Buffer.of(PUBACK, 2, id >> 8, id & 255));
  }

  function listen(handlers: SourceHandlers, fail: (error: EngineError) => void): MqttClient {
    const made = connectMqtt(options, handlers.tell, fail);
    made.handleMessage = ({ topic, payload, qos, messageId, retain, dup, properties }, next) => {
      const { stream } = made;
      const bytes = typeof payload === 'string' ? Buffer.from(payload) : payload;
      const id = qos > 0 ? messageId : undefined;
      if (stopped) return next(LATER); // not taken: it comes again
      const taken = handlers.take({
        topic,
        bytes,
        retained: retain,
        again: dup,
        ...(properties?.contentType === undefined ? {} : { contentType: properties.contentType }),
        ...(id === undefined ? {} : { id, done: () => acknowledge(id, stream) }),
      });
      taken.then(() => next(LATER), fail);
    };
    made.on('connect', () => {
      handlers.reconnected();
      made.subscribe(address.topic, { qos: 1 }, (error) => {
        if (!error) handlers.tell(`subscribed to ${address.shown}`);
        // Without a reason and without a connection it was only interrupted: the next connection asks again.
        else if (made.connected || reasonOf(error)) fail(refused(address.shown, 'the subscription', error));
      });
    });
    return made;
  }

  return {
    name: address.shown,
    async run(handlers) {
      await new Promise<void>((resolve, reject) => {
        ended = resolve;
        client = listen(handlers, reject);
      });
    },
    publish(topic, payload) {
      client?.publish(topic, Buffer.from(payload), { qos: 0 });
    },
    async stop() {
      stopped = true;
      ended();
    },
    async close() {
      stopped = true;
      ended();
      await client?.endAsync(!client.connected);
    },
  };
}
