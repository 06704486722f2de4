// `millrace run` for many sensors as a child process that can be killed, and a broker in this process that it reads from.

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { Aedes } from 'aedes';
import { ROOT } from '../arch/imports.ts';

/** The compiled command; another build of it for trials. */
const MAIN = process.env.MILLRACE_MAIN ?? join(ROOT, 'dist/src/app/main.js');

export interface FleetProcess {
  readonly child: ChildProcess;
  /** Everything it said to people. */
  readonly said: () => string;
  /** Resolves with its exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
}

export function startFleet(args: readonly string[]): FleetProcess {
  const child = spawn(process.execPath, [MAIN, 'run', ...args], { cwd: ROOT });
  let said = '';
  child.stdout.resume();
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const ended = new Promise<number | NodeJS.Signals>((resolve) =>
    child.on('close', (code, signal) => resolve(signal ?? code ?? -1)),
  );
  return { child, said: () => said, ended };
}

export interface Broker {
  /** The broker itself, where it lives in this process. */
  readonly aedes: Aedes;
  readonly url: string;
  close(): Promise<void>;
}

export async function startBroker(): Promise<Broker> {
  const aedes = await Aedes.createBroker();
  const server: Server = createServer(aedes.handle);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address() as { port: number };
  return {
    aedes,
    url: `mqtt://127.0.0.1:${address.port}`,
    async close() {
      await new Promise<void>((resolve) => aedes.close(resolve));
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export async function until(holds: () => boolean | Promise<boolean>, everyMs = 5): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, everyMs));
}

const MOSQUITTO_PATH = '/usr/sbin/mosquitto';
/** Whether Debian's mosquitto is installed. */
export const MOSQUITTO = existsSync(MOSQUITTO_PATH);

export async function startMosquitto(): Promise<Omit<Broker, 'aedes'>> {
  const port = await freePort();
  const child = spawn(MOSQUITTO_PATH, ['-p', String(port)], { stdio: 'ignore' });
  await until(() => answers(port), 20);
  return {
    url: `mqtt://127.0.0.1:${port}`,
    async close() {
      child.kill('SIGTERM');
      await new Promise((resolve) => child.on('close', resolve));
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
