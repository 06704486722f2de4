// The compiled `millrace` command as a child process, the way a user starts it.

import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from '../arch/imports.ts';

/** Another build can be tried without touching this one. */
const MAIN = process.env.MILLRACE_MAIN ?? join(ROOT, 'dist/src/app/main.js');
export const RECORDING = join(ROOT, 'assets/speech-in-noise.wav');

export interface Finished {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs to the end. `input` goes to stdin. */
export async function millrace(args: readonly string[], input?: Uint8Array | string): Promise<Finished> {
  const child = spawn(process.execPath, [MAIN, ...args], { cwd: ROOT });
  child.stdin.end(input);
  return finish(child);
}

function finish(child: ChildProcess): Promise<Finished> {
  let out = '';
  let err = '';
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, out, err })));
}

export interface Served {
  readonly url: string;
  readonly http: string;
  /** SIGTERM, then what it said. */
  stop(): Promise<Finished>;
}

/** `millrace serve` on a free port. */
export async function serve(...args: string[]): Promise<Served> {
  const env = { ...process.env, MILLRACE_WARM: 'none' }; // readiness has a test of its own
  const child = spawn(process.execPath, [MAIN, 'serve', '--port', '0', ...args], { cwd: ROOT, env });
  const finished = finish(child);
  const port = await new Promise<string>((resolve, reject) => {
    child.stdout.on('data', (text: string) => {
      const found = /ws:\/\/[^:]+:(\d+)/.exec(text);
      if (found) resolve(found[1]!);
    });
    void finished.then(({ err }) => reject(new Error(`serve ended: ${err}`)));
  });
  return {
    url: `ws://127.0.0.1:${port}/v1/stream`,
    http: `http://127.0.0.1:${port}`,
    stop() {
      child.kill('SIGTERM');
      return finished;
    },
  };
}

export const digestOf = ({ out, err }: Finished): string | undefined => /sha256:[0-9a-f]{64}/.exec(out + err)?.[0];
