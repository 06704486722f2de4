// The contract of an encoding of the wire: messages <-> what one WebSocket message carries. Two kinds: json-codec.ts and
// pb-codec.ts, chosen by the negotiated subprotocol; framed-codec.ts may go around either. They check what a client sent.

import type { ResultItem } from '../item/item.ts';
import type { ClientMessage, ServerMessage } from './messages.ts';

/** What one message of a socket carries. `text` says which kind it was; text bytes are UTF-8, not yet checked. */
export interface Frame {
  readonly text: boolean;
  readonly bytes: Uint8Array;
}

export const PROTOCOL_JSON = 'millrace.v1';
export const PROTOCOL_PB = 'millrace.v1.pb';
export type Protocol = typeof PROTOCOL_JSON | typeof PROTOCOL_PB;

export interface Codec {
  readonly protocol: Protocol;
  /** A string is a text message, bytes are a binary one. */
  encodeServer(message: ServerMessage): string | Uint8Array;
  /** The same bytes as `encodeServer(toResultMessage(seq, item))`, without the message between: every hop pays for it. */
  encodeResult(seq: number, item: ResultItem): string | Uint8Array;
  encodeClient(message: ClientMessage): string | Uint8Array;
  /**
   * @throws ERR_WIRE_MALFORMED not JSON, not UTF-8, not an Envelope; ERR_TYPE_UNKNOWN (not fatal);
   *   ERR_START_INVALID, ERR_WIRE_VERSION, ERR_FORMAT_UNSUPPORTED, ERR_OPTION_INVALID, ERR_GAP_INVALID by field
   */
  decodeClient(frame: Frame): ClientMessage;
  /** Trusts the server's fields. @throws ERR_WIRE_MALFORMED, ERR_TYPE_UNKNOWN */
  decodeServer(data: string | Uint8Array): ServerMessage;
}
