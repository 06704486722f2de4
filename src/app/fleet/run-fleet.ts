// `millrace run` for many sensors: opens source, format, pipeline, sink and folder, runs until the source ends or somebody
// stops it, and says what happened. SIGINT and SIGTERM end it in order: everything taken is worked through and written.

import { randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DEFAULT_EVENT_ORDER } from '../../item/event-order.ts';
import type { MessageSource } from '../../transport/message-source.ts';
import { coversBelow, isMqtt, readMqttAddress } from '../../transport/mqtt/mqtt-address.ts';
import { openFormat } from '../../wire/formats/open-format.ts';
import { openTypedFormat } from '../../wire/formats/typed-format.ts';
import { type FleetFlags, formatOf, mqttChoice } from '../commands/fleet-flags.ts';
import { openEngine } from '../open-engine.ts';
import { openPipelineOrFile } from '../open-pipeline.ts';
import { byteSize, printAside } from '../print.ts';
import { onInterrupt } from '../run/interrupt.ts';
import { pipelineOptions } from '../run/pipeline-options.ts';
import { usage } from '../usage.ts';
import type { FleetSummary } from './fleet.ts';
import { type OpenedFleet, openFleet } from './open-fleet.ts';
import { openMessageSource } from './open-message-source.ts';
import { brokerSink, fileSink, type ResultSink, stdoutSink } from './result-sink.ts';

const TICK_MS = 1000;

export async function runFleet(pipeline: string, flags: FleetFlags): Promise<void> {
  const { name, options } = formatOf(flags);
  const numbers = numbersOf(flags);
  const { version } = mqttChoice(flags);
  const engine = await openEngine(flags.engine);
  const loaded = await openPipelineOrFile(pipeline, pipelineOptions(flags), engine);
  if (loaded.pipeline.input.kind !== 'sensor') throw usage(`${pipeline} takes no sensors`, 'forecast, for one');
  refuseLoop(flags);
  const clientId = flags.clientId ?? (await rememberedName(flags.stateDir));
  const source = await openMessageSource(flags, name, clientId);
  const opened = await openFleet(
    {
      loaded,
      hear: await (version === '5' ? openTypedFormat : openFormat)(name, options),
      order: { ...DEFAULT_EVENT_ORDER, windowUs: numbers.reorderMs * 1000 },
      ...(flags.columns ? { columns: flags.columns.split(',') } : {}),
      streamsMax: numbers.streamsMax,
      checkpoint: { rows: numbers.checkpointRows, ms: numbers.checkpointSeconds * 1000 },
      ...(source.publish ? { publish: source.publish } : {}),
    },
    (keep) => openSink(flags, clientId, keep),
    flags.stateDir,
  );
  const { summary, exitCode } = await work(source, opened);
  if (!flags.quiet) report(summary);
  process.exitCode = exitCode;
}

async function work(source: MessageSource, opened: OpenedFleet): Promise<{ summary: FleetSummary; exitCode: number }> {
  const { fleet } = opened;
  const interrupt = onInterrupt(() => void source.stop());
  const ticking = setInterval(() => fleet.tick(), TICK_MS);
  try {
    printAside(`reading ${source.name}`);
    await Promise.race([
      fleet.failed,
      source.run(
        { take: (message) => fleet.take(message), reconnected: () => fleet.reconnected(), tell: printAside },
        opened.at,
      ),
    ]);
    const summary = await fleet.finish(!interrupt.signal.aborted);
    return { summary, exitCode: interrupt.exitCode === 143 ? 0 : interrupt.exitCode };
  } finally {
    clearInterval(ticking);
    interrupt.release();
    await source.close();
    await opened.close();
  }
}

function report({ streams, results, stateBytes, counts, digest }: FleetSummary): void {
  const { rows, ...events } = counts;
  const told = Object.entries(events)
    .filter(([, count]) => count > 0)
    .map(([event, count]) => `, ${count} ${event.replaceAll('_', ' ')}`);
  const size = byteSize(stateBytes);
  printAside(`${streams} streams, ${rows} rows, ${results} results${told.join('')}, ${size} of state`);
  printAside(`digest ${digest}`);
}

async function openSink(flags: FleetFlags, clientId: string | undefined, keep?: number): Promise<ResultSink> {
  const { out = '-' } = flags;
  if (out === '-') return stdoutSink();
  if (!isMqtt(out)) return fileSink(out, keep);
  const address = readMqttAddress(out, false);
  const { mqttSink } = await import('../../transport/mqtt/mqtt-sink.ts');
  const { version } = mqttChoice(flags);
  const outId = `${clientId ?? `millrace-${randomUUID()}`}-out`;
  return brokerSink(mqttSink({ address, clientId: outId, remembered: false, version }, printAside));
}

/** A broker keeps what comes while we are away under this name, so it has to be the same next time. */
async function rememberedName(folder: string | undefined): Promise<string | undefined> {
  if (folder === undefined) return undefined;
  const path = join(folder, 'client-id');
  const known = await readFile(path, 'utf8').catch(() => undefined);
  if (known) return known;
  const name = `millrace-${randomUUID()}`;
  const { mkdir } = await import('node:fs/promises');
  await mkdir(folder, { recursive: true });
  await writeFile(path, name);
  return name;
}

/** Results that come in again as rows would have results, and so on. */
function refuseLoop({ in: input, out = '-' }: FleetFlags): void {
  if (!isMqtt(input) || !isMqtt(out)) return;
  const [from, to] = [readMqttAddress(input, true), readMqttAddress(out, false)];
  if (from.url !== to.url || !coversBelow(from.topic, to.topic)) return;
  throw usage('--in would read what --out writes', 'a topic for results that the filter does not match');
}

function numbersOf(flags: FleetFlags) {
  return {
    reorderMs: whole('--reorder', flags.reorder, 0, 0),
    streamsMax: whole('--streams-max', flags.streamsMax, 10_000, 1),
    checkpointRows: whole('--checkpoint-rows', flags.checkpointRows, 10_000, 1),
    checkpointSeconds: whole('--checkpoint-seconds', flags.checkpointSeconds, 60, 1),
  };
}

function whole(flag: string, text: string | undefined, fallback: number, least: number): number {
  const number = text === undefined ? fallback : Number(text);
  if (Number.isSafeInteger(number) && number >= least) return number;
  throw usage(`${flag} cannot be "${text}"`, `a whole number from ${least}`);
}
