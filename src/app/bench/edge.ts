// What a small device needs to know: how long the command takes until its first result, and what a process holds and costs
// with 1,000 sensors at one row a second each. Both are measured on the compiled command as a user starts it, from outside.

import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ROOT } from '../paths.ts';
import { quantile } from '../print.ts';
import type { BenchContext, Report } from './record.ts';

const MAIN = join(ROOT, 'dist', 'src', 'app', 'main.js');
const SENSORS = 1000;
const SECONDS = 20;
const STARTS = 15;
const START_MS = 500;
const RESIDENT_BYTES = 120e6;
/** Rows that come at once before: from the 48th on every byte of a state has been written. */
const ROWS_BEFORE = 60;
interface Load {
  readonly pipeline: 'forecast' | 'anomaly';
  readonly set: readonly string[];
  /** With a journal and checkpoints on disk. */
  readonly kept: boolean;
}
const LOADS: readonly Load[] = [
  { pipeline: 'forecast', set: [], kept: false },
  { pipeline: 'forecast', set: [], kept: true },
  { pipeline: 'forecast', set: ['size=small'], kept: false },
  { pipeline: 'forecast', set: ['size=small', 'horizon=1'], kept: false },
  { pipeline: 'anomaly', set: [], kept: false },
];
/** Linux counts CPU time in ticks of 10 ms. */
const TICK_S = 0.01;

export async function benchEdge(report: Report, { options, note }: BenchContext): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-edge-'));
  try {
    await coldStart(report, folder, options.repetitions ?? STARTS);
    if (process.platform !== 'linux') return note('resident memory and CPU time are read from /proc: Linux only');
    for (const load of LOADS) await fleet(report, folder, load, options.seconds ?? SECONDS);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** From the command line to the end of three rows, in turns with a Node that does nothing. */
async function coldStart(report: Report, folder: string, repetitions: number): Promise<void> {
  const csv = join(folder, 'three.csv');
  await writeFile(csv, 'time,v\n2026-01-01T00:00:00Z,1\n2026-01-01T00:01:00Z,2\n2026-01-01T00:02:00Z,3\n');
  const run = (pipeline: string): string[] => [
    MAIN,
    'run',
    pipeline,
    '--in',
    csv,
    '--out',
    join(folder, 'three.jsonl'),
    '--quiet',
  ];
  const [forecasts, anomalies, bare]: [number[], number[], number[]] = [[], [], []];
  for (let i = 0; i < repetitions; i++) {
    forecasts.push(timed(run('forecast')));
    anomalies.push(timed(run('anomaly')));
    bare.push(timed(['-e', '0']));
  }
  const say = (name: string, times: readonly number[]): void =>
    report({
      section: 'edge',
      name: `cold start of ${name}`,
      value: quantile(times, 0.5),
      unit: 'ms, median',
      baseline: '500 ms',
      ratio: quantile(times, 0.5) / START_MS,
      spread: [Math.min(...times), quantile(times, 0.75)],
    });
  say('run forecast, three rows', forecasts);
  say('run anomaly, three rows', anomalies);
  say('Node alone', bare);
}

function timed(args: readonly string[]): number {
  const started = performance.now();
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`the command failed: ${stderr}`);
  return performance.now() - started;
}

async function fleet(report: Report, folder: string, { pipeline, set, kept }: Load, seconds: number): Promise<void> {
  const out = join(folder, 'fleet.jsonl');
  const options = set.flatMap((option) => ['--set', option]);
  const keep = kept ? ['--state-dir', join(folder, 'states')] : [];
  const args = ['run', pipeline, ...options, '--in', '-', '--format', 'influx', '--precision', 's'];
  const child = spawn(process.execPath, [MAIN, ...args, ...keep, '--out', out, '--quiet'], {
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  const ended = new Promise((resolve) => child.on('close', resolve));
  const pid = child.pid!;
  let [resident, cpuFrom, from] = [0, 0, 0];
  const second = Math.floor(Date.now() / 1000) - seconds - ROWS_BEFORE;
  for (let row = 0; row < ROWS_BEFORE + seconds; row++) {
    if (!child.stdin.write(linesOf(row, second + row)))
      await new Promise((resolve) => child.stdin.once('drain', resolve));
    if (row < ROWS_BEFORE) continue;
    // What came at once is worked through first: what follows is what a process costs that goes on like that.
    if (row === ROWS_BEFORE + Math.floor(seconds / 2)) [cpuFrom, from] = [await cpuSeconds(pid), performance.now()];
    await sleep(1000);
    resident = Math.max(resident, await residentBytes(pid));
  }
  const cpu = (await cpuSeconds(pid)) - cpuFrom;
  const share = (1000 * cpu) / (performance.now() - from);
  child.stdin.end();
  await ended;
  const name = [`${SENSORS} sensors at 1 Hz: ${pipeline}`, ...set, ...(kept ? ['with --state-dir'] : [])].join(' ');
  const ratio = resident / RESIDENT_BYTES;
  report({
    section: 'edge',
    name: `${name}: resident, most`,
    value: resident / 1e6,
    unit: 'MB',
    baseline: '120 MB',
    ratio,
  });
  report({
    section: 'edge',
    name: `${name}: CPU`,
    value: 100 * share,
    unit: '% of a core',
    baseline: 'a core',
    ratio: share,
  });
}

function linesOf(row: number, second: number): string {
  let lines = '';
  for (let i = 0; i < SENSORS; i++) lines += `meter,id=${i} v=${((row * 7 + i * 13) % 101) / 10} ${second}\n`;
  return lines;
}

async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return 1024 * Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]);
}

async function cpuSeconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1');
  const [user, system] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13)
    .map(Number);
  return (user! + system!) * TICK_S;
}
