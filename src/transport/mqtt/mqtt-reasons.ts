// What a broker's refusal means for whoever started us: whether trying again can help, and what would. Codes below 128 are
// MQTT 3.1.1's return codes (CONNACK), those from 128 on MQTT 5's reason codes (section 2.4 of the standard).

import { ReasonCodes } from 'mqtt';
import { type EngineError, engineError } from '../../base/errors.ts';

const LOGIN = 'a name, a password and a topic that the broker allows';
const NAME = 'a --client-id that the broker takes';
const VERSION = 'the version that the broker speaks: --mqtt-version 3.1.1, or 5';
const OTHER_SERVER = 'the address of the server that is meant for us';

/** All that 3.1.1 says of a subscription that it refuses. */
const UNSPECIFIED = 128;

/** What no later try will change, and what would. */
const FOR_GOOD: ReadonlyMap<number, string> = new Map([
  [1, VERSION],
  [2, NAME],
  [4, LOGIN],
  [5, LOGIN],
  [132, VERSION],
  [133, NAME],
  [134, LOGIN],
  [135, LOGIN],
  [138, 'a broker that has not banned us'],
  [140, LOGIN],
  [142, 'a --client-id of its own for each process: another one took over'],
  [143, LOGIN],
  [144, LOGIN],
  [155, 'a broker with QoS 1'],
  [156, OTHER_SERVER],
  [157, OTHER_SERVER],
  [162, 'a topic without + and #: the broker takes none'],
]);
/** Refusals of a message or a subscription: the broker keeps the connection. */
const BOUNDS: ReadonlyMap<number, string> = new Map([
  [149, 'a broker that takes messages of this size'],
  [151, 'a larger quota at the broker, or less that waits there'],
]);

/** The broker's code, where an error has one; a system's error has a name instead, a refused subscription its packet. */
export function reasonOf(error: Error): number | undefined {
  const { code, packet } = error as { code?: unknown; packet?: { granted?: readonly number[] } };
  return typeof code === 'number' ? code : packet?.granted?.find((granted) => granted >= UNSPECIFIED);
}

export const isForGood = (reason: number): boolean => FOR_GOOD.has(reason);

/** `Not authorized (0x87)` */
export function sayReason(reason: number): string {
  const words = (ReasonCodes as Readonly<Record<number, string>>)[reason] ?? 'a reason without a name';
  return `${words} (0x${reason.toString(16).padStart(2, '0')})`;
}

/** @param what was refused: 'the connection', 'a result'   @param cause of it; with a code, that is said in the standard's words */
export function refused(shown: string, what: string, cause: Error): EngineError {
  const reason = reasonOf(cause);
  const why = reason === undefined ? cause.message : sayReason(reason);
  return engineError('ERR_CONNECT_FAILED', `${shown} refused ${what}: ${why}`, {
    expected: FOR_GOOD.get(reason ?? 0) ?? BOUNDS.get(reason ?? 0) ?? LOGIN,
    cause,
  });
}
