// Questions and answers between the processes of a benchmark, over Node's IPC channel: { id, ask, detail } goes out, { id,
// answer } or { id, error } comes back; { tell, detail } needs no answer. Works the same for child processes and cluster workers.

/** A ChildProcess, a cluster Worker, or `process` seen from a child. */
export interface Peer {
  send?(message: Message): boolean;
  on(event: 'message', hear: (message: Message) => void): unknown;
  once(event: 'exit' | 'disconnect', hear: () => void): unknown;
}

interface Message {
  readonly id?: number;
  readonly ask?: string;
  readonly tell?: string;
  readonly detail?: unknown;
  readonly answer?: unknown;
  readonly error?: string;
}

export interface Asking {
  /** @throws what the other process threw, or that it ended */
  ask<T>(what: string, detail?: unknown): Promise<T>;
  /** The latest listener for a word is the one that hears it. */
  onTold(word: string, hear: (detail: unknown) => void): void;
}

export function askVia(peer: Peer, name: string): Asking {
  const waiting = new Map<number, { resolve(answer: unknown): void; reject(error: Error): void }>();
  const listeners = new Map<string, (detail: unknown) => void>();
  let next = 0;
  let ended = false;
  peer.on('message', ({ id, answer, error, tell, detail }) => {
    if (tell !== undefined) return listeners.get(tell)?.(detail);
    const asked = waiting.get(id ?? -1);
    if (!asked) return;
    waiting.delete(id!);
    if (error === undefined) asked.resolve(answer);
    else asked.reject(new Error(`${name}: ${error}`));
  });
  peer.once('exit', () => {
    ended = true;
    for (const { reject } of waiting.values()) reject(new Error(`${name} ended before it answered`));
    waiting.clear();
  });
  return {
    ask<T>(ask: string, detail?: unknown) {
      return new Promise<T>((resolve, reject) => {
        if (ended) return reject(new Error(`${name} has ended`));
        const id = next++;
        waiting.set(id, { resolve: resolve as (answer: unknown) => void, reject });
        peer.send!({ id, ask, detail });
      });
    },
    onTold(word, hear) {
      listeners.set(word, hear);
    },
  };
}

export type Answers = Readonly<Record<string, (detail: never) => unknown>>;

/** Answers what the parent asks. The process ends with its parent. @returns how to say something unasked */
export function answerParent(
  answers: Answers,
  parent: Peer = process as Peer,
): (tell: string, detail?: unknown) => void {
  parent.on('message', ({ id, ask, detail }) => {
    if (ask === undefined || id === undefined) return;
    Promise.resolve()
      .then(() => answers[ask]!(detail as never))
      .then(
        (answer) => parent.send!({ id, answer }),
        (error: unknown) => parent.send!({ id, error: error instanceof Error ? error.message : String(error) }),
      );
  });
  parent.once('disconnect', () => process.exit(0));
  return (tell, detail) => parent.send!({ tell, detail });
}
