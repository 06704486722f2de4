// Where the messages of many sensors come from: a broker, a port, a pipe, a file that grows. A source knows nothing of formats
// and streams; it hands over bytes in order, and takes back the word that they are safe. Kinds: mqtt/, influx/, lines/.

import type { LinePrecision } from '../wire/formats/influx/precision.ts';

export interface SourceMessage {
  /** '' where the source has no names for senders. */
  readonly topic: string;
  readonly bytes: Uint8Array;
  /** The broker's number of it; absent: it will not come again. */
  readonly id?: number;
  /** Marked as sent before. */
  readonly again?: boolean;
  /** Remembered by the broker from some time before: no new measurement unless it says its time. */
  readonly retained?: boolean;
  /** Line protocol: the unit of its times, as its sender said. */
  readonly precision?: LinePrecision;
  /** MQTT 5: what its sender says that it is in. */
  readonly contentType?: string;
  /** Number of the line that it is, from 1, where the source is one of lines. */
  readonly line?: number;
  /** Where the source stands behind it, for `start` of a later process: plain data. */
  readonly at?: unknown;
  /** It is safe, or was of no use: it need not come again. Not called: it was not taken. */
  readonly done?: () => void;
  /** It was refused: nothing of it was taken. */
  readonly refused?: (error: Error) => void;
}

export interface SourceHandlers {
  /** Called in order, one at a time: the next message waits until the promise resolves. */
  readonly take: (message: SourceMessage) => Promise<void>;
  /** What was under way on the connection before may come again. */
  readonly reconnected: () => void;
  /** For people: cannot connect, connected again. */
  readonly tell: (line: string) => void;
}

export interface MessageSource {
  /** What to call it. */
  readonly name: string;
  /** Resolves once the source has ended by itself or by `close`. @param at what the last message of an earlier process said */
  run(handlers: SourceHandlers, at?: unknown): Promise<void>;
  /** Says something to a sender; absent: there is no way to. */
  readonly publish?: (topic: string, payload: Uint8Array) => void;
  /** Nothing is taken any more; what was taken is still confirmed. */
  stop(): Promise<void>;
  /** After the last `done`. */
  close(): Promise<void>;
}
