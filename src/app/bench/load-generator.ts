// The other process of the streams benchmark: argv = port, streams, seconds. Every stream sends 10 ms of speech each 10 ms,
// staggered so that they do not arrive together, and notes when the answer comes. Prints one JSON line: round trips, its own
// CPU, and how late its own timers ran, which shows whether it was the bottleneck.

import { join } from 'node:path';
import { connect, type StreamClient } from '../../client/index.ts';
import { ASSETS } from '../paths.ts';
import { quantile } from '../print.ts';
import { readSamples } from '../run/read-samples.ts';
import { openSource } from '../source/open-source.ts';

const CHUNK_MS = 10;
const [port, streams, seconds] = process.argv.slice(2).map(Number) as [number, number, number];
const source = await openSource(join(ASSETS, 'speech-in-noise.wav'));
const samples = await readSamples(source);
const chunkRows = (source.rateHz * CHUNK_MS) / 1000;
const roundTripMs: number[] = [];
const lateMs: number[] = [];

async function stream(index: number): Promise<void> {
  const sentAt: number[] = [];
  const client: StreamClient = connect(`ws://127.0.0.1:${port}/v1/stream`, {
    pipeline: 'vad',
    format: { encoding: 'f32le', rate: source.rateHz, channels: 1 },
    onResult: ({ seq }) => {
      if (sentAt[seq] !== undefined) roundTripMs.push(performance.now() - sentAt[seq]);
    },
  });
  await client.ready;
  const start = performance.now() + 100 + (index * CHUNK_MS) / streams;
  for (let chunk = 0; chunk < (seconds * 1000) / CHUNK_MS; chunk++) {
    const due = start + chunk * CHUNK_MS;
    const wait = due - performance.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    lateMs.push(Math.max(0, performance.now() - due));
    const at = ((index * 7919 + chunk) * chunkRows) % (samples.length - chunkRows);
    sentAt[chunk] = performance.now();
    await client.send(samples.subarray(at, at + chunkRows));
  }
  await client.end();
}

const before = process.cpuUsage();
const began = performance.now();
await Promise.all(Array.from({ length: streams }, (_, index) => stream(index)));
const { user, system } = process.cpuUsage(before);
process.stdout.write(
  `${JSON.stringify({
    p50: quantile(roundTripMs, 0.5),
    p99: quantile(roundTripMs, 0.99),
    p999: quantile(roundTripMs, 0.999),
    answered: roundTripMs.length,
    cpuShare: (user + system) / 1000 / (performance.now() - began),
    timersLateP99: quantile(lateMs, 0.99),
  })}\n`,
);
