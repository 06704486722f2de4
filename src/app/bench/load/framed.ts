// The framed form of messages, as far as a load needs it: a header of 24 bytes, least byte first, before the samples that go
// out and before the results that come back. 0 u8 version | 1 u8 kind | 4 u32 rows | 8 u64 first row (docs/protocol.md).

const HEADER_BYTES = 24;
const VERSION = 1;
const KIND_ROWS = 1;
const KIND_DETECTION = 2;
const ROWS_AT = 4;
const OFFSET_AT = 8;
const HIGH = 2 ** 32;

export function rowsHeader(rows: number): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header[0] = VERSION;
  header[1] = KIND_ROWS;
  header.writeUInt32LE(rows, ROWS_AT);
  return header;
}

/** @param at where the header begins in `bytes` */
export function putOffset(bytes: Buffer, at: number, offset: number): void {
  bytes.writeUInt32LE(offset % HIGH, at + OFFSET_AT);
  bytes.writeUInt32LE(Math.floor(offset / HIGH), at + OFFSET_AT + 4);
}

/** The row that a framed detection in bytes[from, to) reaches; -1 when it is something else. */
export function readFramedTo(bytes: Buffer, from: number, to: number): number {
  if (to - from < HEADER_BYTES || bytes[from] !== VERSION || bytes[from + 1] !== KIND_DETECTION) return -1;
  const offset = bytes.readUInt32LE(from + OFFSET_AT) + HIGH * bytes.readUInt32LE(from + OFFSET_AT + 4);
  return offset + bytes.readUInt32LE(from + ROWS_AT);
}

/** A detection of one value about the rows that `message` holds: what the bare server answers. */
export function framedAnswer(message: Uint8Array): Buffer {
  const answer = Buffer.alloc(HEADER_BYTES + 4);
  answer.set(message.subarray(0, HEADER_BYTES));
  answer[1] = KIND_DETECTION;
  return answer;
}
