// What a load generator wants to know of a message of the server: which kind it is and up to which row it reaches. Read from
// the bytes, without decoding the JSON: a reply costs 0.1 us this way, and 2 us through JSON.parse.

export type ReplyKind = 'result' | 'ready' | 'gap' | 'end' | 'error' | 'other';

/** {"type":"result", ...: the name begins at 9, and its letters at 9 and 12 tell the kinds apart. */
const NAME_AT = 9;
const KINDS: Readonly<Record<string, ReplyKind>> = {
  ru: 'result',
  rd: 'ready',
  'g"': 'gap',
  'e"': 'end',
  eo: 'error',
};
const kindCode = (first: number, fourth: number): number => (first << 8) | fourth;
const KIND_BY_CODE = new Map(
  Object.entries(KINDS).map(([letters, kind]) => [kindCode(letters.charCodeAt(0), letters.charCodeAt(1)), kind]),
);

export function replyKind(bytes: Uint8Array, from: number): ReplyKind {
  return KIND_BY_CODE.get(kindCode(bytes[from + NAME_AT]!, bytes[from + NAME_AT + 3]!)) ?? 'other';
}

const QUOTE = 0x22;
const T = 0x74;
const O = 0x6f;
const COLON = 0x3a;
const ZERO = 0x30;

/** The number after "to": in bytes[from, end); -1 when there is none. */
export function readTo(bytes: Uint8Array, from: number, end: number): number {
  for (let at = from; at + 5 <= end; at++) {
    if (bytes[at] !== QUOTE || bytes[at + 1] !== T || bytes[at + 2] !== O || bytes[at + 4] !== COLON) continue;
    let value = 0;
    for (let digit = at + 5; digit < end; digit++) {
      const figure = bytes[digit]! - ZERO;
      if (figure < 0 || figure > 9) break;
      value = 10 * value + figure;
    }
    return value;
  }
  return -1;
}
