// Several processes behind one port (node:cluster): the way to use several cores, since a stream's work stays on the thread
// that owns its socket. This is the first process: it starts the others, replaces one that dies, and passes a stop on.

import cluster, { type Worker } from 'node:cluster';
import { printAside } from './print.ts';

/** A worker that dies sooner than this after its start is not replaced at once: something is wrong with every start. */
const RESPAWN_MS = 1000;

/** Which of the workers a process is, handed down to it; one that replaces another has its place. */
const PLACE = 'MILLRACE_WORKER_PLACE';

/** Starts `count` copies of this command. Resolves with the port they share once all of them listen. @param handed variables for them */
export function startWorkers(count: number, handed: Readonly<Record<string, string>> = {}): Promise<number> {
  let stopping = false;
  let listening = 0;
  const start = (place: number): void => {
    const began = Date.now();
    cluster.fork({ ...handed, [PLACE]: place }).once('exit', (code, signal) => {
      if (stopping) return;
      if (listening < count) process.exit(code ?? 1); // it has said why: a port in use, a limit that is no number
      printAside(`a worker ended (${signal ?? code}); starting another`);
      setTimeout(() => start(place), Math.max(0, RESPAWN_MS - (Date.now() - began)));
    });
  };
  for (let place = 0; place < count; place++) start(place);
  const stop = async (signal: 'SIGTERM' | 'SIGINT'): Promise<void> => {
    stopping = true;
    const workers = Object.values(cluster.workers ?? {}).filter((worker): worker is Worker => worker !== undefined);
    await Promise.all(workers.map((worker) => ended(worker, signal)));
    process.exit(0);
  };
  process.once('SIGTERM', () => void stop('SIGTERM'));
  process.once('SIGINT', () => void stop('SIGINT'));
  process.on('SIGHUP', () => {
    for (const worker of Object.values(cluster.workers ?? {})) worker?.process.kill('SIGHUP');
  });
  return new Promise((resolve) => {
    cluster.on('listening', (_worker, address) => {
      if (++listening === count) resolve(address.port);
    });
  });
}

/** Asks a worker to drain, and waits until it is gone. */
function ended(worker: Worker, signal: 'SIGTERM' | 'SIGINT'): Promise<void> {
  return new Promise((resolve) => {
    worker.once('exit', () => resolve());
    worker.process.kill(signal);
  });
}

/** From 0; 0 too when there are no workers. */
export const workerPlace = (): number => Number(process.env[PLACE] ?? 0);

/** For those who send something on `beforeExit`, as traces do. */
const LEAVE_MS = 5000;

/** Of a worker that is done: its channel to the first process would keep it alive. */
export function leave(): void {
  cluster.worker?.disconnect();
  setTimeout(() => process.exit(0), LEAVE_MS).unref();
}

export const isWorker = (): boolean => cluster.isWorker;
