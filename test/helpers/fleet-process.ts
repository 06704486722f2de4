// `millrace run` for many sensors as a child process that can be killed, and a broker in this process that it reads from.

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
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

/** @param settings lines of its configuration, beside a listener   @param acl lines of its list of who may what */
export async function startMosquitto(
  settings: readonly string[] = ['allow_anonymous true'],
  acl: readonly string[] = [],
  port?: number,
): Promise<Omit<Broker, 'aedes'> & { port: number }> {
  const own = port ?? (await freePort());
  const folder = await mkdtemp(join(tmpdir(), 'millrace-mosquitto-'));
  const aclFile = join(folder, 'acl');
  const listed = acl.length === 0 ? [] : [`acl_file ${aclFile}`];
  await writeFile(aclFile, `${acl.join('\n')}\n`, { mode: 0o600 });
  const lines = [`listener ${own} 127.0.0.1`, ...settings, ...listed, 'user root'];
  await writeFile(join(folder, 'conf'), `${lines.join('\n')}\n`);
  const child = spawn(MOSQUITTO_PATH, ['-c', join(folder, 'conf')], { stdio: 'ignore' });
  await until(() => answers(own), 20);
  return {
    url: `mqtt://127.0.0.1:${own}`,
    port: own,
    async close() {
      child.kill('SIGTERM');
      await new Promise((resolve) => child.on('close', resolve));
      await rm(folder, { recursive: true });
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
