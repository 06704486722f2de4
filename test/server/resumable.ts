// A bare client of resumable streams for tests: every message kept, nothing done by itself, so that a test says itself what
// is lost and what is sent again.

import { WebSocket } from 'ws';
import type { ReadyMessage, ResumeRequest, ServerMessage } from '../../src/wire/messages.ts';
import { noise, seeded } from '../helpers/items.ts';
import { openRaw, type RawClient, START } from './test-server.ts';

/** 2 s of noise as pcm_s16le, 200 hops. */
export const ROWS = 32_000;
export const pcm = new Uint8Array(Int16Array.from(noise(ROWS, seeded(3)), (x) => x * 20_000).buffer);

export const rowsOf = (from: number, to: number): Uint8Array => pcm.subarray(2 * from, 2 * to);

export interface Attached extends RawClient {
  readonly ready: ReadyMessage;
  sendRows(from: number, to: number): void;
  results(): (ServerMessage & { type: 'result' })[];
  /** Cuts the connection without a word. */
  cut(): Promise<void>;
}

export async function attach(url: string, resume: ResumeRequest | true = {}, more: object = {}): Promise<Attached> {
  const client = await openRaw(url);
  client.send({ ...START, ...more, resume });
  const ready = await client.next('ready');
  return {
    ...client,
    ready,
    sendRows(from, to) {
      for (let at = from; at < to; at += 1000) client.send(rowsOf(at, Math.min(at + 1000, to)));
    },
    results: () => client.messages.filter((message) => message.type === 'result'),
    async cut() {
      client.socket.terminate();
      await client.closed;
    },
  };
}

/** The error and the close code that a start is answered with. */
export async function refusal(url: string, resume: object, more: object = {}) {
  const client = await openRaw(url);
  client.send({ ...START, ...more, resume });
  const { code } = await client.closed;
  const last = client.messages.at(-1);
  return { close: code, error: last?.type === 'error' ? last.code : last?.type, message: last };
}

export const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
};

export { WebSocket };
