// The same bare client in `millrace.v1.pb`, framed or not.

import { WebSocket } from 'ws';
import { framedCodec } from '../../src/wire/framed-codec.ts';
import type { ReadyMessage, ResumeRequest, ServerMessage } from '../../src/wire/messages.ts';
import { pbCodec } from '../../src/wire/pb-codec.ts';
import { START } from './test-server.ts';

export async function connectPb(url: string, resume: ResumeRequest, frame?: 'framed') {
  const codec = frame ? framedCodec(pbCodec) : pbCodec;
  const socket = new WebSocket(url, ['millrace.v1.pb']);
  const messages: ServerMessage[] = [];
  const ready = new Promise<ReadyMessage>((resolve, reject) => {
    socket.on('message', (data) => {
      const message = codec.decodeServer(new Uint8Array(data as Buffer));
      messages.push(message);
      if (message.type === 'ready') resolve(message);
      if (message.type === 'error') reject(new Error(message.code));
    });
  });
  const closed = new Promise((resolve) => socket.on('close', resolve));
  await new Promise((resolve) => socket.on('open', resolve));
  socket.send(codec.encodeClient({ ...START, ...(frame ? { frame } : {}), resume }));
  return {
    ready: await ready,
    results: () => messages.filter((message) => message.type === 'result'),
    async cut() {
      socket.terminate();
      await closed;
    },
  };
}
