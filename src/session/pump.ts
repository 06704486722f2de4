// Turns of work for all sessions of a process: each session with something waiting gets a bounded share, then the next,
// and between rounds the event loop runs, so one loud stream can starve neither the others nor the sockets.

import type { Session } from './session.ts';

export interface Pump {
  /** Says that `session` may have work. Cheap, may be called for every message. */
  wake(session: Session): void;
  forget(session: Session): void;
}

/** Items of one session per turn. Sixteen 10 ms hops cost about 2 ms with plain kernels: the others' worst wait per stream. */
const ITEMS_PER_TURN = 16;

export function createPump(afterTurn: (session: Session) => void): Pump {
  const ready = new Set<Session>();
  let scheduled = false;

  function round(): void {
    scheduled = false;
    for (const session of [...ready]) {
      if (!session.work(ITEMS_PER_TURN)) ready.delete(session);
      afterTurn(session);
    }
    schedule();
  }
  function schedule(): void {
    if (scheduled || ready.size === 0) return;
    scheduled = true;
    setImmediate(round);
  }
  return {
    wake(session) {
      ready.add(session);
      schedule();
    },
    forget: (session) => {
      ready.delete(session);
    },
  };
}
