// Results as messages at QoS 1, each under its stream's topic. What the broker has not confirmed is sent again by mqtt.js
// after a lost connection; how much may wait for that is bounded, and whoever writes waits with it.

import { connectMqtt, type MqttOptions } from './mqtt-client.ts';

export interface MqttSink {
  /** @param path levels below the sink's own topic */
  publish(path: string, text: string): void;
  /** Resolves once little enough waits for the broker. @throws ERR_CONNECT_FAILED when it refuses */
  drained(): Promise<void>;
  /** Resolves once the broker has confirmed everything that was published until now. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

/** Messages that the broker has not confirmed. */
const WAITING_MAX = 1000;

export function mqttSink(options: MqttOptions, tell: (line: string) => void): MqttSink {
  let failed: unknown;
  let wake: (() => void)[] = [];
  /** Messages published and confirmed since the beginning; mqtt.js resolves them in any order. */
  let sent = 0;
  const open = new Set<number>();

  function woken(): void {
    for (const resolve of wake.splice(0)) resolve();
  }
  const client = connectMqtt(options, tell, (error) => {
    failed = error;
    woken();
  });
  async function until(holds: () => boolean): Promise<void> {
    while (!failed && !holds()) await new Promise<void>((resolve) => wake.push(resolve));
    if (failed) throw failed;
  }
  const oldest = (): number => open.values().next().value ?? sent;

  return {
    publish(path, text) {
      const number = sent++;
      open.add(number);
      client.publish(`${options.address.topic}/${path}`, text, { qos: 1 }, () => {
        open.delete(number);
        woken();
      });
    },
    drained: () => until(() => open.size < WAITING_MAX),
    settled() {
      const upTo = sent;
      return until(() => oldest() >= upTo);
    },
    async close() {
      wake = [];
      await client.endAsync(!client.connected);
    },
  };
}
