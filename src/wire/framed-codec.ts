// `"frame":"framed"` in start: rows, detections and audio as framed binary (frame.ts), everything else as the subprotocol
// has it. One for each stream and side: both learn from `ready` which names a detection leaves out, and the client's numbers
// results as they come, since a frame has no room for `seq` and a socket loses nothing.

import { engineError } from '../base/errors.ts';
import type { Chunk, Detection } from '../item/item.ts';
import { type Codec, PROTOCOL_JSON } from './codec.ts';
import {
  CHANNEL_MAX,
  COUNT_MAX,
  FRAME_AUDIO,
  FRAME_DETECTION,
  FRAME_HEADER_BYTES,
  FRAME_ROWS,
  FRAME_VERSION,
  type FrameHeader,
  makeFrame,
  readFrame,
} from './frame.ts';
import { getF32, LITTLE_ENDIAN, putF32 } from './little-endian.ts';
import type { DetectionData, FramedOp, ResultMessage, RowsMessage } from './messages.ts';
import { toWireNumber } from './result-message.ts';

/** @param inner what the subprotocol says: for text, and for what is not framed */
export function framedCodec(inner: Codec): Codec {
  let ops: readonly FramedOp[] = [];
  let nextSeq = 0;
  const isFramed = (bytes: Uint8Array): boolean => inner.protocol === PROTOCOL_JSON || bytes[0] === FRAME_VERSION;
  return {
    protocol: inner.protocol,
    encodeServer(message) {
      if (message.type === 'ready') ops = message.framed ?? [];
      return inner.encodeServer(message);
    },
    encodeResult(seq, item) {
      if (item.to - item.from > COUNT_MAX) return inner.encodeResult(seq, item);
      if (item.kind === 'chunk' && item.width <= CHANNEL_MAX) return audioFrame(item);
      const channel = item.kind === 'detection' ? ops.findIndex((op) => declares(op, item)) : -1;
      return channel < 0 ? inner.encodeResult(seq, item) : detectionFrame(item as Detection, channel);
    },
    encodeClient: (message) => (message.type === 'rows' ? rowsFrame(message) : inner.encodeClient(message)),
    decodeClient: (frame) => (!frame.text && isFramed(frame.bytes) ? readRows(frame.bytes) : inner.decodeClient(frame)),
    decodeServer(data) {
      if (typeof data !== 'string' && isFramed(data)) return readResult(data, nextSeq++, ops);
      const message = inner.decodeServer(data);
      if (message.type === 'ready') {
        ops = message.framed ?? [];
        nextSeq = message.seq;
      } else if (message.type === 'result') nextSeq = message.seq + 1;
      return message;
    },
  };
}

/** The same name and the same values in the same order: what a receiver needs to read a detection without its names. */
function declares({ op, values }: FramedOp, item: Detection): boolean {
  if (op !== item.name) return false;
  let at = 0;
  for (const name in item.values) if (values[at++] !== name) return false;
  return at === values.length;
}

function detectionFrame(item: Detection, channel: number): Uint8Array {
  const { from, to, pts, values } = item;
  const names = Object.keys(values);
  const header = { kind: FRAME_DETECTION, channel, count: to - from, offset: from, tUs: Math.max(0, pts) };
  const bytes = makeFrame(header, 4 * names.length);
  for (let i = 0; i < names.length; i++) putF32(bytes, FRAME_HEADER_BYTES + 4 * i, values[names[i]!]!);
  return bytes;
}

function audioFrame({ from, to, pts, width, data }: Chunk): Uint8Array {
  const header = { kind: FRAME_AUDIO, channel: width, count: to - from, offset: from, tUs: Math.max(0, pts) };
  const bytes = makeFrame(header, data.byteLength);
  if (LITTLE_ENDIAN) bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), FRAME_HEADER_BYTES);
  else for (let i = 0; i < data.length; i++) putF32(bytes, FRAME_HEADER_BYTES + 4 * i, data[i]!);
  return bytes;
}

function rowsFrame({ offset = 0, count = 0, data }: RowsMessage): Uint8Array {
  const bytes = makeFrame({ kind: FRAME_ROWS, channel: 0, count, offset, tUs: 0 }, data.length);
  bytes.set(data, FRAME_HEADER_BYTES);
  return bytes;
}

/** `data` is a view: a payload that lies on 4 bytes needs no copy at all. */
function readRows(bytes: Uint8Array): RowsMessage {
  const { kind, channel, count, offset } = readFrame(bytes);
  if (kind !== FRAME_ROWS) {
    throw engineError('ERR_TYPE_UNKNOWN', `frame.kind is ${kind}`, { expected: `${FRAME_ROWS}, rows` });
  }
  if (channel !== 0) {
    throw engineError('ERR_WIRE_MALFORMED', `frame.channel is ${channel}`, { expected: '0: rows hold all channels' });
  }
  return { type: 'rows', offset, count, data: bytes.subarray(FRAME_HEADER_BYTES) };
}

function readResult(bytes: Uint8Array, seq: number, ops: readonly FramedOp[]): ResultMessage {
  const header = readFrame(bytes);
  const { kind, channel, count, offset } = header;
  const place = { from: offset, to: offset + count, final: true } as const;
  const values = (bytes.length - FRAME_HEADER_BYTES) / 4;
  if (kind === FRAME_AUDIO && channel > 0 && Number.isInteger(values)) {
    const samples = new Float32Array(values);
    for (let i = 0; i < values; i++) samples[i] = getF32(bytes, FRAME_HEADER_BYTES + 4 * i);
    return { type: 'result', seq, op: 'audio', ...place, data: { width: channel, samples } };
  }
  const op = ops[channel];
  if (kind !== FRAME_DETECTION || op === undefined || op.values.length !== values) throw unreadable(header);
  const named = op.values.map((name, i) => [name, toWireNumber(getF32(bytes, FRAME_HEADER_BYTES + 4 * i))] as const);
  return { type: 'result', seq, op: op.op, ...place, data: Object.fromEntries(named) satisfies DetectionData };
}

const unreadable = ({ kind, channel }: FrameHeader) =>
  engineError('ERR_WIRE_MALFORMED', `a frame of kind ${kind} and channel ${channel} came from the server`, {
    expected: 'what ready.framed declares',
  });
