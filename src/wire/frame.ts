// A framed message: 24 bytes of header, least byte first, then the payload. Rows go in, detections and audio come out.
//   0 u8 version 1 | 1 u8 kind | 2 u16 channel | 4 u32 count | 8 u64 offset | 16 u64 t_us | 24 payload
// The first byte can begin no Envelope (protobuf has no field 0), so both kinds of binary message fit on one socket.
// What the fields mean for each kind, and a worked example: docs/protocol.md. Who uses it: framed-codec.ts.

import { engineError } from '../base/errors.ts';
import { getU32, getU64, putU32, putU64 } from './little-endian.ts';

export const FRAME_VERSION = 1;
export const FRAME_HEADER_BYTES = 24;
/** The one kind that a client sends, and the two that a server sends. */
export const FRAME_ROWS = 1;
export const FRAME_DETECTION = 2;
export const FRAME_AUDIO = 3;

export interface FrameHeader {
  readonly kind: number;
  /** rows: 0. detection: index into `ready.framed`. audio: values per row. */
  readonly channel: number;
  /** Rows covered: of the payload (rows), of the input that the result is about (detection, audio). */
  readonly count: number;
  /** First of these rows. */
  readonly offset: number;
  /** Time of that row in microseconds. */
  readonly tUs: number;
}

export const CHANNEL_MAX = 0xffff;
export const COUNT_MAX = 0xffffffff;

/** A message with this header and `payloadBytes` zeros behind it. */
export function makeFrame({ kind, channel, count, offset, tUs }: FrameHeader, payloadBytes: number): Uint8Array {
  const bytes = new Uint8Array(FRAME_HEADER_BYTES + payloadBytes);
  bytes[0] = FRAME_VERSION;
  bytes[1] = kind;
  bytes[2] = channel;
  bytes[3] = channel >>> 8;
  putU32(bytes, 4, count);
  putU64(bytes, 8, offset);
  putU64(bytes, 16, tUs);
  return bytes;
}

/**
 * @throws ERR_WIRE_MALFORMED when shorter than a header; ERR_WIRE_VERSION; ERR_SEQ_REGRESSION when the rows do not all
 *   have numbers below 2^53. `kind` and `channel` are for the caller to check.
 */
export function readFrame(bytes: Uint8Array): FrameHeader {
  if (bytes.length < FRAME_HEADER_BYTES) {
    throw engineError('ERR_WIRE_MALFORMED', `a framed message of ${bytes.length} bytes`, {
      expected: `a header of ${FRAME_HEADER_BYTES} bytes, then whole rows`,
    });
  }
  if (bytes[0] !== FRAME_VERSION) {
    throw engineError('ERR_WIRE_VERSION', `a frame of version ${bytes[0]}`, { expected: `${FRAME_VERSION}` });
  }
  const count = getU32(bytes, 4);
  const offset = getU64(bytes, 8);
  if (offset + count > Number.MAX_SAFE_INTEGER) {
    throw engineError('ERR_SEQ_REGRESSION', 'frame.offset is beyond 2^53', { expected: 'a row number below 2^53' });
  }
  return { kind: bytes[1]!, channel: bytes[2]! | (bytes[3]! << 8), count, offset, tUs: getU64(bytes, 16) };
}
