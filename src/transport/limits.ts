// Every bound of a network stream, in one place; the app may change each. Nothing in transport/ grows without one of them.
// Session limits (inboxRowsMax) follow from `creditBytes` and the format: see bridge.ts.

import { engineError } from '../base/errors.ts';

/** Bounds on who connects; kept by whoever guards the door, and told in `ready.limits`. Each is of one process. */
export interface DoorLimits {
  /** Streams of one token (or of one `sub` of a JWT) at once. */
  readonly streamsPerKeyMax: number;
  /** Streams from one address at once; of IPv6 the first 64 bits are the address. */
  readonly streamsPerAddressMax: number;
  /** Handshakes and tickets of one address in a minute, refused ones included; as many may come at once. */
  readonly handshakesPerMinuteMax: number;
}

/** Without those of a door where nobody guards it. */
export interface StreamLimits extends Partial<DoorLimits> {
  /** One message, text or binary. `ready.limits.max_message`. */
  readonly messageBytesMax: number;
  /** Bytes a client may have outstanding past the last ack; at twice that the stream ends with ERR_CREDIT_OVERRUN. */
  readonly creditBytes: number;
  /** Messages that may be outstanding, whatever their size and the policy. `ready.limits.max_outstanding`. */
  readonly outstandingMessagesMax: number;
  /** Rows given to the stages at once: how long one stream can hold up the others. */
  readonly chunkRowsMax: number;
  /** Rows one gap message may declare. */
  readonly gapRowsMax: number;
  /** Connections at once. */
  readonly sessionsMax: number;
  /** Bytes waiting in the socket of a slow reader before its stream is no longer worked on. `ready.limits.max_backlog`. */
  readonly backlogBytesMax: number;
  /** Silence after which a stream ends with ERR_IDLE, unless it waits for us. */
  readonly idleMsMax: number;
  /** From connection to `start`. */
  readonly startMsMax: number;
  /** Resumable streams: how often their state is stored, and after how many bytes of input it is sooner. */
  readonly checkpointMsMax: number;
  readonly checkpointBytesMax: number;
  /** How long after its last state a stream can be resumed. `ready.resume.ttl_ms`. */
  readonly resumeMsMax: number;
  /** Messages kept for a client that has not confirmed them: with its state, each time it is stored. `ready.limits.max_log`. */
  readonly resumeLogBytesMax: number;
}

export const DEFAULT_LIMITS: StreamLimits = {
  messageBytesMax: 65_536, // 2 s of 16 kHz pcm_s16le
  creditBytes: 131_072, // 4 s of it: a round trip of 200 ms still allows 650 kB/s
  outstandingMessagesMax: 16_384, // 160 s of 10 ms messages
  chunkRowsMax: 480, // 10 ms of 48 kHz, 30 ms of 16 kHz
  gapRowsMax: 9_600_000, // 10 min of 16 kHz
  sessionsMax: 1000,
  backlogBytesMax: 1_048_576,
  idleMsMax: 60_000,
  startMsMax: 10_000,
  checkpointMsMax: 5000,
  checkpointBytesMax: 1_048_576, // 33 s of 16 kHz pcm_s16le, an eighth of what the client keeps
  resumeMsMax: 3_600_000,
  resumeLogBytesMax: 262_144, // 25 s of a detection every 10 ms
};

/** How often a stream's timers are looked at: the precision of ack_ms, idle_ms and of waking after a slow reader. */
export const TICK_MS = 20;
export const ACK_MS_DEFAULT = 200;

/** @throws ERR_WIRE_TOO_LARGE */
export function checkSize(message: Uint8Array, { messageBytesMax }: StreamLimits): void {
  if (message.length <= messageBytesMax) return;
  const expected = `at most ${messageBytesMax} bytes`;
  throw engineError('ERR_WIRE_TOO_LARGE', `a message of ${message.length} bytes`, { expected });
}
