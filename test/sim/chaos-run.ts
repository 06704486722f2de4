// One chaos run: a client's whole stream through a faulty network to servers that are killed, and the client as well. It
// ends as the undisturbed run of the same script does, result for result, or with an explicit refusal to resume.

import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { seeded } from '../helpers/items.ts';
import { type FaultProxy, faultProxy } from './fault-proxy.ts';
import { type Process, startClient, startServer } from './processes.ts';
import { makeScript } from './script.ts';

export interface Outcome {
  readonly seed: number;
  readonly result: 'same' | 'refused' | 'different' | 'hung';
  readonly detail: string;
  readonly kills: { servers: number; clients: number };
  readonly faults: Readonly<Record<string, number>>;
}

export interface World {
  /** A port of a server that lives, or did a moment ago. */
  port(random: number): number;
  /** Kills the one that was asked for last, one time in four by SIGTERM, which hands its streams over; starts another. */
  killServer(random: number): Promise<void>;
  close(): Promise<void>;
}

export async function makeWorld(folder: string, servers: number): Promise<World> {
  const states = join(folder, 'states');
  const running = await Promise.all(Array.from({ length: servers }, () => startServer(states)));
  const restarting = new Set<Promise<void>>();
  let last = 0;
  return {
    port(random) {
      last = Math.floor(random * running.length);
      return running[last]!.port;
    },
    async killServer(random) {
      const at = last;
      await running[at]!.kill(random < 0.25 ? 'SIGTERM' : 'SIGKILL');
      const started = startServer(states).then((server) => {
        running[at] = server;
      });
      restarting.add(started);
      await started;
      restarting.delete(started);
    },
    async close() {
      await Promise.all(restarting);
      await Promise.all(running.map((server) => server.kill()));
    },
  };
}

const ROWS_MAX = 48_000;
const HUNG_MS = 90_000;
const FORMS = [{}, { protocol: 'pb' }, { frame: 'framed' }, { protocol: 'pb', frame: 'framed' }] as const;

export async function chaosRun(seed: number, world: World, folder: string, rows: string): Promise<Outcome> {
  const random = seeded(seed);
  const steps = makeScript(random, Math.floor(ROWS_MAX * (0.3 + 0.7 * random())));
  const paceMs = 20 + Math.floor(random() * 60);
  const form = FORMS[Math.floor(random() * FORMS.length)]!;
  const calm = join(folder, `calm-${seed}`);
  const wild = join(folder, `wild-${seed}`);
  for (const place of [calm, wild]) mkdirSync(place, { recursive: true });
  const task = { steps, rows, ...form };

  await startClient({ ...task, paceMs: 0, folder: calm, url: urlOf(world.port(0)) }).gone;
  const proxy = await faultProxy(() => world.port(random()), random, 60_000);
  const kills = { servers: 0, clients: 0 };
  let over = false;
  const start = () => startClient({ ...task, paceMs, folder: wild, url: urlOf(proxy.port) });
  let client: Process & { said(): string } = start();
  const disturbed = disturb();
  const hung = new Promise<'hung'>((resolve) => setTimeout(resolve, HUNG_MS, 'hung').unref());
  const last = await Promise.race([untilOver(), hung]);
  over = true;
  await client.kill();
  await disturbed;
  await proxy.close();
  const outcome = compare(calm, wild, last === 'hung');
  if (outcome.result === 'same') for (const place of [calm, wild]) rmSync(place, { recursive: true });
  return { seed, ...outcome, kills, faults: (proxy as FaultProxy).counts };

  /** The client's process ends by itself when its stream has; killed, it is started again. */
  async function untilOver(): Promise<void> {
    while (!over && !existsSync(join(wild, 'end')) && !existsSync(join(wild, 'failed'))) {
      const current = client;
      await current.gone;
      if (client === current && !over && !existsSync(join(wild, 'end')) && !existsSync(join(wild, 'failed'))) {
        client = start();
      }
    }
  }
  /** Kills at times and of kinds that the seed says. */
  async function disturb(): Promise<void> {
    const times = 1 + Math.floor(random() * 3);
    while (!over && !existsSync(join(wild, 'token'))) await new Promise((resolve) => setTimeout(resolve, 10));
    for (let i = 0; i < times && !over; i++) {
      const [wait, kind, which] = [random() * 700, random(), random()];
      await new Promise((resolve) => setTimeout(resolve, wait));
      if (over) return;
      if (kind < 0.5) {
        kills.servers++;
        await world.killServer(which);
      } else {
        kills.clients++;
        await client.kill();
      }
    }
  }
}

const urlOf = (port: number): string => `ws://127.0.0.1:${port}/v1/stream`;
const read = (folder: string, name: string): string =>
  existsSync(join(folder, name)) ? readFileSync(join(folder, name), 'utf8') : '';

function compare(calm: string, wild: string, hung: boolean): Pick<Outcome, 'result' | 'detail'> {
  const wanted = read(calm, 'end');
  const failed = read(wild, 'failed');
  if (wanted === '') return { result: 'different', detail: `the undisturbed run did not end: ${read(calm, 'failed')}` };
  if (hung) return { result: 'hung', detail: failed };
  if (failed !== '') {
    const refused = /ERR_STATE_(GONE|MODEL|LAYOUT)/.test(failed);
    return { result: refused ? 'refused' : 'different', detail: failed };
  }
  const same = read(wild, 'end') === wanted && read(wild, 'results') === read(calm, 'results');
  return same ? { result: 'same', detail: '' } : { result: 'different', detail: `${wanted} ${read(wild, 'end')}` };
}
