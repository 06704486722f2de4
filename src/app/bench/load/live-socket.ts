// One stream of a load: a TCP socket that speaks just enough WebSocket and millrace.v1. Cheaper than a real client: frames
// come ready-made, all sockets read into one buffer, replies are not parsed as JSON. It keeps no time: see paced-load.ts.

import { connect } from 'node:net';
import { PROTOCOL_JSON } from '../../../wire/codec.ts';
import type { ReadyMessage } from '../../../wire/messages.ts';
import { readFramedTo } from './framed.ts';
import { clientFrame, createFrameReader, OPCODE, textFrame, upgradeRequest } from './frames.ts';
import { readTo, replyKind } from './read-reply.ts';

export interface LiveSocketEvents {
  ready(message: ReadyMessage): void;
  /** Rows before `to` are answered. */
  answered(to: number): void;
  /** Rows before `to` that were not answered yet never will be. */
  missed(to: number): void;
  /** Called once; `why` is absent when the server said `end`. */
  gone(why?: string): void;
}

export interface LiveSocket {
  send(frame: Buffer): void;
  /** Nothing follows; `gone` is called when the server has said `end`. */
  close(): void;
  destroy(): void;
}

/** Node reads one socket at a time, and what was read is looked at before the next read: one buffer serves them all. */
const READ = Buffer.alloc(65_536);
const CLOSE = textFrame({ type: 'close' });
const HEAD_END = '\r\n\r\n';
const CUT_OFF = 'the connection closed before the stream ended';
/** A server that takes nothing: more waiting here would measure this process's memory. */
const WAITING_BYTES_MAX = 1_048_576;

/** @param start the framed `start` message */
export function openLiveSocket(port: number, start: Buffer, events: LiveSocketEvents): LiveSocket {
  let upgraded = false;
  /** Asked to close before `start` could be sent: one follows the other. */
  let leaving = false;
  let head = '';
  let why: string | undefined = CUT_OFF;
  const socket = connect({
    port,
    host: '127.0.0.1',
    noDelay: true,
    onread: {
      buffer: READ,
      callback(length) {
        if (upgraded) read(READ, length);
        else greet(length);
        return true;
      },
    },
  });
  const read = createFrameReader((opcode, bytes, from, to) => {
    if (opcode === OPCODE.ping) write(clientFrame(OPCODE.pong, bytes.subarray(from, to)));
    else if (opcode === OPCODE.close) socket.end(clientFrame(OPCODE.close, bytes.subarray(from, to)));
    else if (opcode === OPCODE.text) hear(bytes, from, to);
    else if (opcode === OPCODE.binary) events.answered(readFramedTo(bytes, from, to));
  });
  function hear(bytes: Buffer, from: number, to: number): void {
    switch (replyKind(bytes, from)) {
      case 'result':
        return events.answered(readTo(bytes, from, to));
      case 'gap':
        return events.missed(readTo(bytes, from, to));
      case 'ready':
        return events.ready(JSON.parse(bytes.toString('utf8', from, to)) as ReadyMessage);
      case 'error':
        why = bytes.toString('utf8', from, to);
        return;
      case 'end':
        why = undefined;
    }
  }
  function greet(length: number): void {
    head += READ.toString('latin1', 0, length);
    const end = head.indexOf(HEAD_END);
    if (end < 0) return;
    if (!head.startsWith('HTTP/1.1 101')) {
      why = head.slice(0, head.indexOf('\r\n'));
      return void socket.destroy();
    }
    upgraded = true;
    write(start);
    if (leaving) write(CLOSE);
    const rest = Buffer.from(head.slice(end + HEAD_END.length), 'latin1');
    head = '';
    if (rest.length > 0) read(rest, rest.length);
  }
  function write(bytes: Buffer | string): void {
    if (socket.writable) socket.write(bytes); // else the server has closed, and `gone` comes next
  }
  socket.on('connect', () => write(upgradeRequest(port, PROTOCOL_JSON)));
  socket.on('error', (error) => {
    if (why === CUT_OFF) why = error.message;
  });
  socket.on('close', () => events.gone(why));
  return {
    send(frame) {
      if (socket.writableLength > WAITING_BYTES_MAX) socket.destroy();
      else write(frame);
    },
    close() {
      leaving = true;
      if (upgraded) write(CLOSE);
    },
    destroy: () => void socket.destroy(),
  };
}
