// What a server writes on an upgraded socket: whole messages as unmasked frames (RFC 6455, 5.2), as many as one turn gave,
// in one buffer, so that they cost one write. Not the reading side and nothing of the handshake: both are `ws`'s.

const FIN = 0x80;
const TEXT = 1;
const BINARY = 2;
/** Lengths from here on take two bytes behind the first two, and from 65,536 on eight. */
const LENGTH_16 = 126;
const LENGTH_64 = 127;

/** A string is a text message. */
export type Message = string | Uint8Array;

const payloadBytes = (message: Message): number =>
  typeof message === 'string' ? Buffer.byteLength(message) : message.length;

const headerBytes = (length: number): number => (length < LENGTH_16 ? 2 : length < 65_536 ? 4 : 10);

/** One frame a message, in order. */
export function framesOf(messages: readonly Message[]): Buffer {
  let size = 0;
  const lengths: number[] = [];
  for (const message of messages) {
    const length = payloadBytes(message);
    lengths.push(length);
    size += headerBytes(length) + length;
  }
  const out = Buffer.allocUnsafe(size);
  let at = 0;
  for (let i = 0; i < messages.length; i++) {
    const message = messages[i]!;
    at = writeHeader(out, at, typeof message === 'string' ? TEXT : BINARY, lengths[i]!);
    if (typeof message === 'string') out.write(message, at, 'utf8');
    else out.set(message, at);
    at += lengths[i]!;
  }
  return out;
}

/** Returns where the payload begins. */
function writeHeader(out: Buffer, at: number, opcode: number, length: number): number {
  out[at] = FIN | opcode;
  const bytes = headerBytes(length);
  if (bytes === 2) out[at + 1] = length;
  else if (bytes === 4) {
    out[at + 1] = LENGTH_16;
    out.writeUInt16BE(length, at + 2);
  } else {
    out[at + 1] = LENGTH_64;
    out.writeBigUInt64BE(BigInt(length), at + 2);
  }
  return at + bytes;
}
