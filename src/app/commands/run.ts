// millrace run: one stream from a file, the microphone, a pipe or the machine's own sensors through a pipeline.

import { readFile, writeFile } from 'node:fs/promises';
import { extname } from 'node:path';
import type { Command } from 'commander';
import type { LoadedPipeline } from '../../pipeline/connect.ts';
import type { Output } from '../../session/session.ts';
import { decodeSnapshot, encodeSnapshot } from '../../wire/snapshot-codec.ts';
import { compareCells, describeComparison } from '../compare.ts';
import { openPipelineOrFile } from '../open-pipeline.ts';
import { byteSize, microseconds, printAside, print as printOut, quantile } from '../print.ts';
import { type AudioSink, createAudioSink } from '../run/audio-sink.ts';
import { createFaultReport } from '../run/fault-report.ts';
import { createNarrator } from '../run/narrate.ts';
import { createProgress } from '../run/progress.ts';
import { readSamples } from '../run/read-samples.ts';
import { createRecordSink, type RecordSink } from '../run/record-sink.ts';
import { Recorder } from '../run/recorder.ts';
import { runStream } from '../run/run-stream.ts';
import { openSource } from '../source/open-source.ts';
import type { Source } from '../source/source.ts';
import { usage } from '../usage.ts';
import { addSourceOptions, type SourceFlags, sourceOptions } from './source-flags.ts';

interface RunFlags extends SourceFlags {
  readonly in: string;
  readonly out?: string;
  readonly json?: boolean;
  readonly cell?: string;
  readonly set: readonly string[];
  readonly rows?: string;
  readonly picture?: string;
  readonly compare?: boolean;
  readonly saveState?: string;
  readonly resume?: string;
}

export function addRun(program: Command): void {
  const command = program
    .command('run')
    .description('run one stream through a pipeline')
    .argument('<pipeline>', 'a name from `millrace pipelines`, or a path to a pipeline module')
    .requiredOption('--in <source>', 'audio file (wav, flac, mp3, ogg), CSV file, mic, cpu, or - for stdin')
    .option('--out <where>', 'readings: - or results.jsonl; audio: out.wav or speakers')
    .option('--json', "the protocol's result records, one a line, on stdout (like --out -)")
    .option('--cell <cell>', 'ssm or attention')
    .option('--set <name=value>', 'an option of the pipeline; may be repeated', collect, [])
    .option('--rows <n>', 'stop before source row n, without ending the stream')
    .option('--picture <file.svg>', 'draw what happened')
    .option('--compare', 'run the attention twin on the same stream and compare (also: full cache)')
    .option('--save-state <file>', "write the stream's whole state when it stops")
    .option('--resume <file>', 'go on from such a state; rows before it are passed over');
  addSourceOptions(command).action(run);
}

const collect = (value: string, before: string[]): string[] => [...before, value];

async function run(pipeline: string, flags: RunFlags): Promise<void> {
  const loaded = await openPipelineOrFile(pipeline, pipelineOptions(flags));
  const source = await openSource(flags.in, sourceOptions(flags));
  process.once('SIGINT', () => void source.close());
  if (flags.compare) return compare(pipeline, source);
  const out = flags.json ? '-' : flags.out;
  const sink = out === undefined ? undefined : await openSink(out, source, loaded);
  const print = out === '-' ? printAside : printOut;
  const narrator = createNarrator({
    print: sink ? () => undefined : print,
    rateHz: source.rateHz,
    names: source.names,
  });
  const recorder = flags.picture ? new Recorder(source, loaded) : undefined;
  const progress = createProgress(source, sink !== undefined);
  const faults = createFaultReport(source.kind, printAside);
  const latencies: number[] = [];
  const result = await runStream({
    loaded,
    source,
    ...(flags.resume ? { resume: decodeSnapshot(await readFile(flags.resume)) } : {}),
    ...(flags.rows ? { untilRow: wholeNumber('--rows', flags.rows) } : {}),
    onOutput(output: Output) {
      sink?.write(output);
      narrator.tell(output);
      recorder?.output(output);
    },
    onRefused: faults.refused,
    onChunk(chunk) {
      if (chunk.fault) faults.unreadable(chunk.at, chunk.fault);
      if (latencies.length < 1e6) latencies.push(chunk.us);
      recorder?.chunk(chunk);
      progress.at(chunk.at);
    },
    ...(sink ? { drained: () => sink.drained() } : {}),
  });
  narrator.finish();
  progress.done();
  faults.finish();
  await sink?.end(result.summary, result.ended);
  if (flags.saveState) await writeFile(flags.saveState, encodeSnapshot(result.snapshot));
  if (flags.picture && recorder) {
    const title = `${loaded.pipeline.name} on ${flags.in}`;
    if (recorder.full)
      printAside(`${flags.picture} shows the beginning only: the stream is longer than a picture keeps`);
    await writeFile(flags.picture, await recorder.draw({ title, segments: narrator.segments }));
  }
  const { offset, results, gaps, digest } = result.summary;
  const cost = `${microseconds(quantile(latencies, 0.5))} a chunk (p99 ${microseconds(quantile(latencies, 0.99))})`;
  const say = sink && out === '-' ? printAside : print;
  say(`${offset} rows, ${results} results, ${gaps} gaps, ${cost}, ${byteSize(result.stateBytes)} of state`);
  say(`digest ${digest}`);
}

function pipelineOptions({ set, cell }: RunFlags): Record<string, string> {
  const options = Object.fromEntries(
    set.map((text) => {
      const at = text.indexOf('=');
      if (at < 1) throw usage(`--set cannot be "${text}"`, '--set name=value');
      return [text.slice(0, at), text.slice(at + 1)];
    }),
  );
  return cell === undefined ? options : { ...options, cell };
}

/** Where results go: records for readings, a wav file or the speakers for audio. */
async function openSink(out: string, source: Source, loaded: LoadedPipeline): Promise<RecordSink | AudioSink> {
  if (out !== 'speakers' && extname(out).toLowerCase() !== '.wav') return createRecordSink(out);
  const { rateHz, width } = loaded.pipeline.input;
  return createAudioSink(out, { rateHz: rateHz || source.rateHz, width: width || source.width });
}

async function compare(pipeline: string, source: Source): Promise<void> {
  const samples = await readSamples(source);
  printOut(describeComparison(await compareCells(openPipelineOrFile, pipeline, source, samples)));
}

function wholeNumber(flag: string, text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 0) return number;
  throw usage(`${flag} cannot be "${text}"`, 'a whole number');
}
