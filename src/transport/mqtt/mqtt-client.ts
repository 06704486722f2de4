// A connection to an MQTT broker that comes back by itself, with the broker's memory of us (clean = false; in MQTT 5 also a
// session that does not expire): what was published while we were away is delivered then. Only here mqtt.js is opened.
// Read next: mqtt-source.ts, mqtt-sink.ts; mqtt-reasons.ts for what a refusal means.

import { connect, type IClientOptions, type IConnackPacket, type MqttClient } from 'mqtt';
import type { EngineError } from '../../base/errors.ts';
import type { MqttAddress } from './mqtt-address.ts';
import { isForGood, reasonOf, refused, sayReason } from './mqtt-reasons.ts';
import type { MqttVersion } from './mqtt-version.ts';

export interface MqttOptions {
  readonly address: MqttAddress;
  /** The broker keeps what is meant for it under this name. */
  readonly clientId: string;
  /** False: the broker forgets us when we go. */
  readonly remembered: boolean;
  /** Default 3.1.1. */
  readonly version?: MqttVersion;
  /** MQTT 5: seconds for which the broker keeps what comes while we are away. Default: for good, as in 3.1.1. */
  readonly sessionSeconds?: number;
}

/** MQTT 5: messages that the broker may have under way to us without our acknowledgement; as many as wait in the process. */
export const UNDERWAY_MAX = 1000;
/** MQTT 5, 3.1.2.11.2: the session does not expire. */
const NEVER = 0xffff_ffff;
const RETRY_MS = 1000;
const CONNECT_MS = 10_000;

/** Connects in the background. @param tell is told once when the broker cannot be reached, and once when it can again */
export function connectMqtt(
  options: MqttOptions,
  tell: (line: string) => void,
  fail: (error: EngineError) => void,
): MqttClient {
  const { shown, url } = options.address;
  const client = connect(url, toClientOptions(options));
  let away = false;
  let known = false;
  client.on('connect', (connack) => {
    if (away) tell(`connected to ${shown} again`);
    if (options.remembered && known && !connack.sessionPresent) {
      tell(`${shown} has forgotten us: what was published while we were away is lost`);
    }
    if (!known) tellExpiry(options, connack, tell);
    away = false;
    known = true;
  });
  const lost = (why: string): void => {
    if (!away) tell(`no connection to ${shown}${why}; trying again every second`);
    away = true;
  };
  client.on('error', (error) => {
    const reason = reasonOf(error);
    if (reason !== undefined && isForGood(reason)) return fail(refused(shown, 'the connection', error));
    const { code } = error as { code?: string };
    lost(`: ${reason === undefined ? (code ?? error.message) : sayReason(reason)}`);
  });
  client.on('disconnect', ({ reasonCode = 0 }) => {
    const why = sayReason(reasonCode);
    if (!isForGood(reasonCode)) return lost(`: ${why}`);
    fail(refused(shown, 'to go on', Object.assign(new Error(why), { code: reasonCode })));
  });
  client.on('offline', () => lost(''));
  return client;
}

function toClientOptions({ address, clientId, remembered, version, sessionSeconds }: MqttOptions): IClientOptions {
  const { username, password } = address;
  return {
    clientId,
    clean: !remembered,
    reconnectPeriod: RETRY_MS,
    reconnectOnConnackError: true, // unless it is one for good, which ends the client
    connectTimeout: CONNECT_MS,
    resubscribe: false, // the source does it: at each connection, and hears of a refusal
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password: Buffer.from(password) }),
    ...(version === '5'
      ? {
          protocolVersion: 5,
          properties: {
            receiveMaximum: UNDERWAY_MAX,
            // Without it a session of MQTT 5 ends with its connection, whatever `clean` says.
            sessionExpiryInterval: remembered ? (sessionSeconds ?? NEVER) : 0,
          },
        }
      : { protocolVersion: 4 }),
  };
}

/** A broker may keep a session for less than it was asked to; it says so. */
function tellExpiry(options: MqttOptions, { properties }: IConnackPacket, tell: (line: string) => void): void {
  const seconds = properties?.sessionExpiryInterval;
  if (!options.remembered || seconds === undefined || seconds >= (options.sessionSeconds ?? NEVER)) return;
  tell(`${options.address.shown} keeps what comes while we are away for ${seconds} s only`);
}
