// Connections inside one process, for tests: `connect()` returns a client's end that looks like a WebSocket, so the real
// client and the real server run over it without a port. `pause()` makes its reader slow: what the server sends piles up
// in `backlogBytes` as it would in a socket. Messages arrive in order, each in a microtask of its own.

import { Subject } from 'rxjs';
import type { Frame } from '../../wire/codec.ts';
import type { WebSocketLike } from '../../wire/socket-like.ts';
import type { Connection, Transport } from '../transport.ts';

export interface MemorySocket extends WebSocketLike {
  /** Reads nothing more until `resume`. */
  pause(): void;
  resume(): void;
}

export interface MemoryTransport extends Transport {
  connect(protocol?: string): MemorySocket;
}

export function memoryTransport(): MemoryTransport {
  const connections$ = new Subject<Connection>();
  const open = new Set<Pair>();
  return {
    connections$,
    connect(protocol = '') {
      const pair = makePair(protocol, () => open.delete(pair));
      open.add(pair);
      queueMicrotask(() => {
        pair.opened();
        connections$.next(pair.connection);
      });
      return pair.socket;
    },
    async close() {
      connections$.complete();
      for (const pair of open) pair.connection.close(1001, 'closing');
    },
  };
}

interface Pair {
  readonly connection: Connection;
  readonly socket: MemorySocket;
  opened(): void;
}

interface Mailbox {
  readonly backlogBytes: number;
  push(bytes: number, deliver: () => void): void;
  pause(): void;
  resume(): void;
}

/** What the server sent and the client has not read: messages, then perhaps the close. */
function createMailbox(): Mailbox {
  const unread: { readonly bytes: number; deliver(): void }[] = [];
  let backlogBytes = 0;
  let paused = false;
  function deliverNext(): void {
    const next = paused ? undefined : unread.shift();
    if (!next) return;
    backlogBytes -= next.bytes;
    next.deliver();
  }
  return {
    get backlogBytes() {
      return backlogBytes;
    },
    push(bytes, deliver) {
      unread.push({ bytes, deliver });
      backlogBytes += bytes;
      queueMicrotask(deliverNext);
    },
    pause() {
      paused = true;
    },
    resume() {
      paused = false;
      for (const _ of unread) queueMicrotask(deliverNext);
    },
  };
}

function makePair(protocol: string, gone: () => void): Pair {
  const received$ = new Subject<Frame>();
  const mailbox = createMailbox();
  const encoder = new TextEncoder();
  let readyState = 0;

  function closed(code: number, reason: string): void {
    if (readyState === 3) return;
    readyState = 3;
    gone();
    received$.complete();
    socket.onclose?.({ code, reason });
  }
  const socket: MemorySocket = {
    binaryType: 'arraybuffer',
    protocol,
    get readyState() {
      return readyState;
    },
    bufferedAmount: 0,
    onopen: null,
    onmessage: null,
    onclose: null,
    onerror: null,
    send(data) {
      if (readyState !== 1) return;
      const text = typeof data === 'string';
      const bytes = text ? encoder.encode(data) : Uint8Array.from(data);
      queueMicrotask(() => received$.next({ text, bytes }));
    },
    close(code = 1000, reason = '') {
      if (readyState < 2) readyState = 2;
      queueMicrotask(() => closed(code, reason));
    },
    pause: mailbox.pause,
    resume: mailbox.resume,
  };
  const connection: Connection = {
    protocol,
    messages$: received$.asObservable(),
    get backlogBytes() {
      return mailbox.backlogBytes;
    },
    send(data) {
      if (readyState !== 1) return;
      const copy = typeof data === 'string' ? data : Uint8Array.from(data).buffer;
      mailbox.push(data.length, () => socket.onmessage?.({ data: copy }));
    },
    cork: () => undefined, // a message is a message here, however many
    uncork: () => undefined,
    close(code, reason) {
      if (readyState !== 1) return;
      readyState = 2;
      mailbox.push(0, () => closed(code, reason));
    },
  };
  function opened(): void {
    if (readyState !== 0) return;
    readyState = 1;
    queueMicrotask(() => socket.onopen?.({}));
  }
  return { connection, socket, opened };
}
