// The server without its inside: the same sockets, and answers of the same size, but no session, no pipeline, no model. What
// a load costs against this one is the sockets' share, and how far the load generator itself can go.

import { createServer } from 'node:http';
import { wsTransport } from '../../../transport/ws/ws-transport.ts';
import type { StartMessage } from '../../../wire/messages.ts';
import type { RunningServer } from '../../commands/serve.ts';
import { listen } from '../../http.ts';
import { framedAnswer } from './framed.ts';

const MESSAGE_BYTES_MAX = 65_536;
const READY = JSON.stringify({
  type: 'ready',
  offset: 0,
  seq: 0,
  state_bytes: 0,
  credit: 1e9, // it acknowledges nothing
  limits: { max_message: MESSAGE_BYTES_MAX, max_outstanding: 1e9 },
});
const BYTES_PER_ROW: Readonly<Record<string, number>> = { pcm_s16le: 2, f32le: 4 };

export async function startBareServer(host: string): Promise<Pick<RunningServer, 'port' | 'sessions' | 'close'>> {
  const http = createServer();
  const transport = wsTransport({ server: http, messageBytesMax: MESSAGE_BYTES_MAX });
  let sessions = 0;
  transport.connections$.subscribe((connection) => {
    let bytesPerRow = 1;
    let framed = false;
    let offset = 0;
    let seq = 0;
    sessions++;
    connection.messages$.subscribe({
      next({ text, bytes }) {
        if (text) return control(JSON.parse(Buffer.from(bytes).toString()) as { type: string });
        if (framed) return connection.send(framedAnswer(bytes));
        const to = offset + bytes.length / bytesPerRow;
        const result = { type: 'result', seq: seq++, op: 'vad', from: offset, to, final: true, data: { speech: 0.5 } };
        connection.send(JSON.stringify(result));
        offset = to;
      },
      complete: () => {
        sessions--;
      },
    });
    function control(message: { type: string }): void {
      if (message.type === 'start') {
        const { format, frame } = message as StartMessage & { readonly frame?: string };
        bytesPerRow = BYTES_PER_ROW[format.encoding]!;
        framed = frame === 'framed';
        connection.send(READY);
      } else if (message.type === 'close') {
        connection.send(JSON.stringify({ type: 'end', offset, results: seq, gaps: 0, digest: '' }));
        connection.close(1000, 'end');
      }
    }
  });
  const port = await listen(http, host, 0);
  return {
    port,
    sessions: () => sessions,
    async close() {
      await transport.close();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}
