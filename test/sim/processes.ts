// The processes of a chaos run: servers that share a folder of states, and clients. Each can be killed without a word.

import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from '../arch/imports.ts';

/** Where the compiled package lies; another build can be tried without touching this one. */
export const DIST = process.env.MILLRACE_DIST ?? join(ROOT, 'dist');

const LIMITS = {
  MILLRACE_CHECKPOINT_MS_MAX: '120',
  MILLRACE_CHECKPOINT_BYTES_MAX: '20000',
  MILLRACE_WARM: 'none', // hundreds of servers start
};

export interface Process {
  /** SIGKILL unless told otherwise; resolves when it is gone. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  readonly gone: Promise<void>;
}

function processOf(child: ChildProcess): Process {
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return {
    gone,
    kill(signal = 'SIGKILL') {
      child.kill(signal);
      return gone;
    },
  };
}

export interface ServerSettings {
  /** Flags beside port, folder of states and log. */
  readonly args?: readonly string[];
  /** In place of a chaos run's. */
  readonly env?: Readonly<Record<string, string>>;
}

/** @returns once it listens */
export async function startServer(
  states: string,
  { args: more = [], env = LIMITS }: ServerSettings = {},
): Promise<Process & { readonly port: number }> {
  const args = [join(DIST, 'src/app/main.js'), 'serve', '--port', '0', '--state-dir', states, '--quiet', ...more];
  const child = spawn(process.execPath, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  child.stderr!.on('data', (text) => {
    said += text;
  });
  const started = processOf(child);
  const port = await new Promise<number>((resolve, reject) => {
    child.stdout!.on('data', (text) => {
      const found = /ws:\/\/[^:]+:(\d+)/.exec(String(text));
      if (found) resolve(Number(found[1]));
    });
    void started.gone.then(() => reject(new Error(`the server did not start: ${said}`)));
  });
  return { ...started, port };
}

export function startClient(task: object): Process & { said(): string } {
  const script = join(ROOT, 'test/sim/chaos-client.mjs');
  const args = [script, JSON.stringify({ dist: DIST, ...task })];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let text = '';
  child.stderr!.on('data', (more) => {
    text += more;
  });
  return { ...processOf(child), said: () => text };
}
