// The threads that ONNX graphs run in: one per process unless asked for more, each with any number of sessions. A thread starts
// with its first session and ends with its last; it never keeps the process alive except while an answer is awaited.
// One is never terminated: stopping a thread inside the native library aborts the whole process (measured, onnxruntime-node
// 1.30: SIGABRT from worker.terminate() and from process.exit()). It is asked to end, and an exiting process waits for it.

import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import { type EngineError, engineError } from '../../base/errors.ts';
import { type WorkerAnswer, type WorkerRequest, workerText } from './worker-main.ts';

/** Threads per process: how many without an option, and at most. */
export const THREADS_DEFAULT = 1;
export const THREADS_MAX = 16;
/** A thread that dies sooner than this after its start is not replaced before: something is wrong with every start. */
const RESTART_MS = 1000;
/** Longest wait for a native call when the process exits; the slowest step measured is 36 ms. */
const EXIT_WAIT_MS = 5000;

type WithoutSession<T> = T extends unknown ? Omit<T, 'session'> : never;
export interface WorkerSession {
  /**
   * One request at a time. The answer's `failed` is the graph's own failure.
   * @throws ERR_ONNX_WORKER when the thread has died
   */
  ask(request: WithoutSession<WorkerRequest>): Promise<WorkerAnswer>;
  /** Whether its thread lives. */
  alive(): boolean;
  close(): void;
}
interface Waiter {
  readonly resolve: (answer: WorkerAnswer) => void;
  readonly reject: (error: EngineError) => void;
}
interface Thread {
  readonly worker: Worker;
  /** [native calls under way, no more may begin]: see serveSessions in worker-main.ts. */
  readonly guard: Int32Array;
  readonly waiting: Map<number, Waiter>;
  sessions: number;
  dead: EngineError | undefined;
}

const threads = new Set<Thread>();
let sessionsEver = 0;
let resting: EngineError | undefined;
let exitWatched = false;

/**
 * A place for a session, in the thread with the fewest, or in a new one while there are fewer than `threadsMax`.
 * @throws ERR_ONNX_WORKER where there are no threads or no shared memory, or when one died within a second of its start
 */
export function openWorkerSession(threadsMax: number): WorkerSession {
  if (resting) throw resting;
  const [least] = serving().sort((a, b) => a.sessions - b.sessions);
  const thread = least && threadCount() >= threadsMax ? least : startThread();
  const session = sessionsEver++;
  thread.sessions++;
  let open = true;
  return {
    alive: () => thread.dead === undefined,
    ask: (request) => (open ? ask(thread, { ...request, session }) : Promise.reject(died('it was closed'))),
    close() {
      if (!open) return;
      open = false;
      leave(thread, session);
    },
  };
}

/** One without a session is ending. */
const serving = (): Thread[] => [...threads].filter(({ sessions }) => sessions > 0);
/** How many threads there are, without those that are ending. */
export const threadCount = (): number => serving().length;

function ask(thread: Thread, request: WorkerRequest): Promise<WorkerAnswer> {
  if (thread.dead) return Promise.reject(thread.dead);
  return new Promise((resolve, reject) => {
    if (thread.waiting.size === 0) thread.worker.ref();
    thread.waiting.set(request.session, { resolve, reject });
    thread.worker.postMessage(request, request.kind === 'open' ? [request.bytes.buffer as ArrayBuffer] : []);
  });
}

function startThread(): Thread {
  if (typeof SharedArrayBuffer === 'undefined') throw died('this engine has no SharedArrayBuffer');
  const guard = new Int32Array(new SharedArrayBuffer(8));
  const worker = startWorker(guard);
  const thread: Thread = { worker, guard, waiting: new Map(), sessions: 0, dead: undefined };
  threads.add(thread);
  let young = true;
  const grown = setTimeout(() => {
    young = false;
    resting = undefined;
  }, RESTART_MS).unref();
  let cause: unknown;
  worker.on('message', (answer: WorkerAnswer) => {
    const waiter = thread.waiting.get(answer.session);
    thread.waiting.delete(answer.session);
    if (thread.waiting.size === 0) worker.unref();
    waiter?.resolve(answer);
  });
  worker.on('error', (error) => {
    cause = error;
  });
  worker.on('exit', (code) => {
    threads.delete(thread);
    thread.dead = died(cause instanceof Error ? cause.message : `it exited with ${code}`, cause);
    if (thread.sessions === 0) clearTimeout(grown);
    else if (young) resting = thread.dead;
    for (const { reject } of thread.waiting.values()) reject(thread.dead);
    thread.waiting.clear();
  });
  worker.unref();
  watchExit();
  return thread;
}

function startWorker(guard: Int32Array): Worker {
  try {
    return new Worker(workerText(), {
      eval: true,
      workerData: { runtime: createRequire(import.meta.url).resolve('onnxruntime-node'), guard },
      name: 'onnx',
      execArgv: [], // a parent started with --input-type=module would make a module of the text
    });
  } catch (thrown) {
    throw died(thrown instanceof Error ? thrown.message : String(thrown), thrown); // no such package, no permission
  }
}

/** The session goes; with the last one the thread. */
function leave(thread: Thread, session: number): void {
  thread.sessions--;
  if (thread.dead) return;
  if (thread.sessions > 0) thread.worker.postMessage({ kind: 'close', session } satisfies WorkerRequest);
  else thread.worker.postMessage('end');
}

/** Lets no thread be inside the native library when the process goes: it would abort with a core dump in place of its code. */
function watchExit(): void {
  if (exitWatched) return;
  exitWatched = true;
  process.on('exit', () => {
    for (const { guard } of threads) Atomics.store(guard, 1, 1);
    for (const { guard } of threads) {
      for (let running = Atomics.load(guard, 0); running > 0; running = Atomics.load(guard, 0)) {
        if (Atomics.wait(guard, 0, running, EXIT_WAIT_MS) === 'timed-out') break;
      }
    }
  });
}

function died(why: string, cause?: unknown): EngineError {
  return engineError('ERR_ONNX_WORKER', `there is no thread to run the graph: ${why}`, {
    expected: 'Node with worker threads, and onnxruntime-node installed; the next row tries another thread',
    cause,
  });
}
