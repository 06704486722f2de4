// A connection to an MQTT broker that comes back by itself, with the broker's memory of us (clean = false): what was
// published while we were away is delivered then. The only import of mqtt.js. Read next: mqtt-source.ts, mqtt-sink.ts.

import { connect, type MqttClient } from 'mqtt';
import { type EngineError, engineError } from '../../base/errors.ts';
import type { MqttAddress } from './mqtt-address.ts';

export interface MqttOptions {
  readonly address: MqttAddress;
  /** The broker keeps what is meant for it under this name. */
  readonly clientId: string;
  /** False: the broker forgets us when we go. */
  readonly remembered: boolean;
}

/** CONNACK codes that no later try will change: protocol, client id, name or password, not authorised. */
const FOR_GOOD = new Set([1, 2, 4, 5]);
const RETRY_MS = 1000;
const CONNECT_MS = 10_000;

/** Connects in the background. @param tell is told once when the broker cannot be reached, and once when it can again */
export function connectMqtt(
  { address, clientId, remembered }: MqttOptions,
  tell: (line: string) => void,
  fail: (error: EngineError) => void,
): MqttClient {
  const { url, username, password, shown } = address;
  const client = connect(url, {
    clientId,
    clean: !remembered,
    protocolVersion: 4,
    reconnectPeriod: RETRY_MS,
    connectTimeout: CONNECT_MS,
    resubscribe: false, // the source does it: at each connection, and hears of a refusal
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password: Buffer.from(password) }),
  });
  let away = false;
  client.on('connect', () => {
    if (away) tell(`connected to ${shown} again`);
    away = false;
  });
  const lost = (why: string): void => {
    if (!away) tell(`no connection to ${shown}${why}; trying again every second`);
    away = true;
  };
  client.on('error', (error) => {
    const { code } = error as { code?: number | string };
    if (typeof code === 'number' && FOR_GOOD.has(code)) return fail(refused(shown, error));
    lost(`: ${code ?? error.message}`);
  });
  client.on('offline', () => lost(''));
  return client;
}

export function refused(shown: string, cause: Error): EngineError {
  return engineError('ERR_CONNECT_FAILED', `${shown} refused: ${cause.message}`, {
    expected: 'a name, a password and a topic that the broker allows',
    cause,
  });
}
