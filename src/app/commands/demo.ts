// millrace demo: the main job in half a minute. A server in this process, a recording and two sensors over WebSocket
// through causal cells, the comparison with attention, and pictures to look at.

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { shortestFloat32 } from '../../wire/shortest-float32.ts';
import { compareCells, describeComparison } from '../compare.ts';
import { limitsFromEnvironment } from '../config.ts';
import { demoSensor, type SensorRun } from '../demo/sensor.ts';
import { demoSpeech, type SpeechRun } from '../demo/speech.ts';
import { openPipelineOrFile } from '../open-pipeline.ts';
import { ASSETS } from '../paths.ts';
import { drawAudioPicture, type Segment } from '../picture/draw-audio-picture.ts';
import { drawSensorPicture } from '../picture/draw-sensor-picture.ts';
import { byteSize, print, quantile } from '../print.ts';
import { readSamples } from '../run/read-samples.ts';
import { runStream } from '../run/run-stream.ts';
import { segmentsOf } from '../run/segments.ts';
import { openSource } from '../source/open-source.ts';
import { startServer } from './serve.ts';

const RECORDING = join(ASSETS, 'speech-in-noise.wav');
const WEATHER = join(ASSETS, 'sensor.csv');
const LIVE_ROWS = 40;
const LIVE_PERIOD_MS = 200;

export function addDemo(program: Command): void {
  program
    .command('demo')
    .description('speech and sensors through a server in this process, with pictures; half a minute')
    .option('--out <folder>', 'where the pictures go', 'out')
    .option('--fast', 'do not wait for real time')
    .action(demo);
}

async function demo({ out, fast = false }: { out: string; fast?: boolean }): Promise<void> {
  await mkdir(out, { recursive: true });
  const server = await startServer({
    host: '127.0.0.1',
    port: 0,
    warm: [],
    limits: limitsFromEnvironment(process.env),
  });
  const url = `ws://127.0.0.1:${server.port}/v1/stream`;
  print(`A Millrace server listens on ${url}; everything below goes through it.`);
  await speechPart(url, out, fast);
  await weatherPart(url, out);
  await livePart(url, fast);
  await server.close();
  print(
    '\nNext: millrace run vad --in your.wav   |   --in mic   |   millrace run forecast --in your.csv   |   millrace serve',
  );
}

async function speechPart(url: string, out: string, fast: boolean): Promise<void> {
  const source = await openSource(RECORDING);
  const samples = await readSamples(source);
  print(`\n— Speech activity: 12 s of LibriVox in noise, 10 ms a message${fast ? '' : ', in real time'} —`);
  const run = await demoSpeech({ url, rateHz: source.rateHz, samples, fast });
  const truth = JSON.parse(await readFile(RECORDING.replace('.wav', '.json'), 'utf8')) as Segment[];
  const segments = segmentsOf(run.speech, 100);
  print(
    `speech at ${segments.map(describeSegment).join(', ')}; by the clean recording ${truth.map(describeSegment).join(', ')}`,
  );
  print(latencyLine(run.latencyMs, 'chunk', run.stateBytes));
  const alone = await runStream({ loaded: await openPipelineOrFile('vad', {}), source, onOutput: () => undefined });
  print(
    `digest over WebSocket ${run.end.digest.slice(0, 23)}…, in process ${alone.summary.digest === run.end.digest ? 'the same' : 'DIFFERENT'}`,
  );

  print('\n— The same stream through the attention twin: equal parameters, trained on the same data for as long —');
  const comparison = await compareCells(openPipelineOrFile, 'vad', source, samples);
  print(describeComparison(comparison));
  const file = join(out, 'speech.svg');
  await writeFile(
    file,
    await speechPicture(run, samples, source.rateHz, segments, truth, comparison.contestants[1]!.readings),
  );
  print(`picture: ${file}`);
}

function speechPicture(
  run: SpeechRun,
  samples: Float32Array,
  rateHz: number,
  detected: readonly Segment[],
  truth: readonly Segment[],
  twin: Float32Array,
): Promise<string> {
  const seconds = Array.from(run.speech, (_, hop) => (hop + 1) / 100);
  return drawAudioPicture({
    title: 'millrace vad: speech in noise, answered as it came',
    rateHz,
    samples,
    speech: { name: 'mamba2', seconds, p: run.speech },
    twin: { name: 'attention', seconds: seconds.slice(0, twin.length), p: twin },
    detected,
    truth,
    latency: { x: seconds, ms: run.latencyMs },
  });
}

async function weatherPart(url: string, out: string): Promise<void> {
  const horizon = 7;
  print(
    `\n— Forecast: four years of Seattle's weather, a row a day, ${horizon} days ahead, nothing trained beforehand —`,
  );
  const source = await openSource(WEATHER);
  const run = await demoSensor({
    url,
    source,
    options: { horizon },
    rowsMax: Infinity,
    tell: (forecast, row, ms) => {
      const surprises = source.names.filter((_, column) => forecast.anomaly[column]! >= 1);
      if (surprises.length === 0) return undefined;
      const day = new Date(forecast.pts / 1000).toISOString().slice(0, 10);
      const values = surprises.map((name) => `${name} ${shortestFloat32(row[source.names.indexOf(name)]!)}`);
      return `${day}  unexpected: ${values.join(', ')}  (${ms.toFixed(2)} ms)`;
    },
  });
  print(latencyLine(run.latencyMs, 'row', run.stateBytes));
  const file = join(out, 'weather.svg');
  await writeFile(file, await sensorPicture(run, source.names[0]!, 730));
  print(`picture: ${file}`);
}

function sensorPicture(run: SensorRun, quantity: string, rows: number): Promise<string> {
  const first = Math.max(0, run.values.length - rows);
  const forecasts = run.forecasts.slice(first);
  const last = forecasts[0]!.horizons.length - 1;
  const pick = (key: 'mean' | 'lower' | 'upper') => forecasts.map((f) => f[key][last * f.width]!);
  const times = run.times.slice(first);
  return drawSensorPicture({
    title: 'millrace forecast: learned from the stream itself',
    quantity,
    times,
    timeUnit: 'date',
    values: run.values.slice(first),
    forecast: {
      rowsAhead: forecasts[0]!.horizons[last]!,
      mean: pick('mean'),
      lower: pick('lower'),
      upper: pick('upper'),
    },
    anomaly: forecasts.map((f) => f.anomaly[0]!),
    latency: { x: times, ms: run.latencyMs.slice(first) },
  });
}

async function livePart(url: string, fast: boolean): Promise<void> {
  const periodMs = fast ? 50 : LIVE_PERIOD_MS;
  print(`\n— Live: this machine's CPU load and event-loop delay, ${LIVE_ROWS} rows, one every ${periodMs} ms —`);
  const source = await openSource('cpu', { periodMs });
  const run = await demoSensor({
    url,
    source,
    options: { horizon: 4 },
    rowsMax: LIVE_ROWS,
    tell: (forecast, row, ms) => {
      const at = (values: Float32Array): string => values[0]!.toFixed(1).padStart(5);
      const known = !Number.isNaN(forecast.lower[0]!);
      const next = `${at(forecast.mean)} % ${known ? `(${at(forecast.lower)} to ${at(forecast.upper)})` : '(no interval yet)'}`;
      const surprise = forecast.anomaly.some((score) => score >= 1) ? '  unexpected' : '';
      return `cpu ${row[0]!.toFixed(1).padStart(5)} %  loop ${row[1]!.toFixed(1).padStart(5)} ms  next cpu ${next}  ${ms.toFixed(2)} ms${surprise}`;
    },
  });
  print(latencyLine(run.latencyMs, 'row', run.stateBytes));
}

const describeSegment = ([from, to]: Segment): string => `${from.toFixed(2)}–${to.toFixed(2)} s`;

function latencyLine(latencyMs: Float32Array, unit: string, stateBytes: number): string {
  const ms = [...latencyMs];
  const [p50, p99] = [quantile(ms, 0.5), quantile(ms, 0.99)];
  return `${ms.length} ${unit}s, from send to answer p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms; state ${byteSize(stateBytes)}, constant`;
}
