// A real server with its /compat paths, and clients as bare as those dialects allow: what was said, and how it ended.

import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { type RunningServer, type ServeSettings, startServer } from '../../src/app/commands/serve.ts';
import { bundledWords } from '../helpers/bundled-recording.ts';

export interface CompatServer {
  readonly server: RunningServer;
  /** ws://127.0.0.1:… */
  readonly at: string;
}

export async function openCompat(settings: Partial<ServeSettings> = {}): Promise<CompatServer> {
  const log = pino({ level: 'silent' });
  const server = await startServer({ host: '127.0.0.1', port: 0, warm: [], log, ...settings });
  onTestFinished(() => server.close());
  return { server, at: `ws://127.0.0.1:${server.port}` };
}

export interface Ended {
  readonly code: number;
  readonly reason: string;
}

export interface CompatClient {
  readonly socket: WebSocket;
  /** Everything that was said, as JSON. */
  readonly said: Record<string, unknown>[];
  /** The next thing said, past or to come, each once. */
  next(): Promise<Record<string, unknown>>;
  readonly ended: Promise<Ended>;
}

/** Rejects with the HTTP status and body of a refusal. */
export function dial(
  url: string,
  protocols: string[] = [],
  headers: Record<string, string> = {},
): Promise<CompatClient> {
  const socket = new WebSocket(url, protocols, { headers });
  const said: Record<string, unknown>[] = [];
  let read = 0;
  let wake: () => void = () => undefined;
  socket.on('message', (data) => {
    said.push(JSON.parse(String(data)));
    wake();
  });
  const ended = new Promise<Ended>((resolve) => {
    socket.on('close', (code, reason) => {
      resolve({ code, reason: String(reason) });
      wake();
    });
  });
  const next = async (): Promise<Record<string, unknown>> => {
    while (said.length <= read) {
      if (socket.readyState === WebSocket.CLOSED) throw new Error('closed before anything more was said');
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    return said[read++]!;
  };
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('open', () => resolve({ socket, said, next, ended }));
    socket.on('unexpected-response', (_, response) => {
      let body = '';
      response.on('data', (data) => {
        body += data;
      });
      response.on('end', () => reject(Object.assign(new Error(body), { status: response.statusCode, body })));
    });
  });
}

/** 16-bit samples as they lie on the wire. @param times each sample so often: a higher rate, or several channels */
export function pcm(samples: Float32Array, times = 1): Buffer {
  const bytes = Buffer.alloc(2 * times * samples.length);
  for (let i = 0; i < times * samples.length; i++) {
    bytes.writeInt16LE(Math.round(samples[Math.floor(i / times)]! * 32_768), 2 * i);
  }
  return bytes;
}

/** "Good morning", "Alexa, four", "how do you do today", "computer": four utterances, two of them with words that are known. */
export const { speech: SPEECH, words: SAID } = await bundledWords();
const SKIPPED_S = 2;
/** The last three of them. */
export const FROM_A_WORD = SPEECH.slice(16_000 * SKIPPED_S);
/** Where the words lie in that, in seconds. */
export const SAID_THERE = SAID.map(({ word, from, to }) => ({ word, from: from - SKIPPED_S, to: to - SKIPPED_S }));

/** In pieces of so many bytes, one after the other. */
export function* cut(bytes: Buffer, sizeOf: () => number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; ) {
    const size = sizeOf();
    yield bytes.subarray(at, at + size);
    at += size;
  }
}
