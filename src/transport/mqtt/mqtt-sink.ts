// Results as messages at QoS 1, each under its stream's topic. What the broker has not confirmed is sent again by mqtt.js
// after a lost connection; how much may wait for that is bounded, and whoever writes waits with it. In MQTT 5 the broker says
// how many it takes at once (receive maximum), and why it does not take one.

import { connectMqtt, type MqttOptions } from './mqtt-client.ts';
import { reasonOf, refused } from './mqtt-reasons.ts';

export interface MqttSink {
  /** @param path levels below the sink's own topic; what a topic may not hold becomes _ */
  publish(path: string, text: string): void;
  /** Resolves once little enough waits for the broker. @throws ERR_CONNECT_FAILED when it refuses */
  drained(): Promise<void>;
  /** Resolves once the broker has confirmed everything that was published until now. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

interface Sent {
  readonly number: number;
  readonly topic: string;
  readonly text: string;
}

/** What no topic may hold. A broker hangs up on it, would be sent it again, and hang up again (MQTT 3.1.1, 1.5.3 and 4.7.1). */
const UNFIT = /[\p{Cc}+#]/gu;
/** Messages that the broker has not confirmed. */
const WAITING_MAX = 1000;

export function mqttSink(options: MqttOptions, tell: (line: string) => void): MqttSink {
  const { topic, shown } = options.address;
  let failed: unknown;
  let closed = false;
  let wake: (() => void)[] = [];
  /** Messages published and confirmed since the beginning; mqtt.js resolves them in any order. */
  let sent = 0;
  const open = new Set<number>();
  /** Those of `open` that mqtt.js does not have yet. */
  const held: Sent[] = [];
  let underway = 0;
  /** A broker of MQTT 5 closes the connection on one message more than it said. */
  let underwayMax = options.version === '5' ? 0 : WAITING_MAX;

  function woken(): void {
    for (const resolve of wake.splice(0)) resolve();
  }
  function fail(thrown: unknown): void {
    failed ??= thrown;
    woken();
  }
  const client = connectMqtt(options, tell, fail);
  client.on('connect', ({ properties }) => {
    if (options.version === '5') underwayMax = Math.min(WAITING_MAX, properties?.receiveMaximum ?? WAITING_MAX);
    send();
  });

  function send(): void {
    while (held.length > 0 && underway < underwayMax && !closed && !failed) {
      const next = held.shift()!;
      underway++;
      client.publish(next.topic, next.text, { qos: 1 }, (error) => answered(next, error));
    }
  }
  function answered(message: Sent, error: Error | null | undefined): void {
    underway--;
    if (closed) return;
    if (!error) open.delete(message.number);
    else if (reasonOf(error) !== undefined) return fail(refused(shown, 'a result', error));
    else return void held.unshift(message); // the connection went before mqtt.js had kept it: with the next one
    woken();
    send();
  }
  async function until(holds: () => boolean): Promise<void> {
    while (!failed && !holds()) await new Promise<void>((resolve) => wake.push(resolve));
    if (failed) throw failed;
  }
  const oldest = (): number => open.values().next().value ?? sent;

  return {
    publish(path, text) {
      const number = sent++;
      open.add(number);
      held.push({ number, topic: `${topic}/${path.replaceAll(UNFIT, '_')}`, text });
      send();
    },
    drained: () => until(() => open.size < WAITING_MAX),
    settled() {
      const upTo = sent;
      return until(() => oldest() >= upTo);
    },
    async close() {
      closed = true;
      wake = [];
      // In order, mqtt.js waits for every confirmation, and there are some that will not come.
      await client.endAsync(failed !== undefined || !client.connected);
    },
  };
}
