// What `millrace run` does with one stream: source in, pipeline, results out, and whatever else somebody asked to see.
// The flags and their words are in commands/run.ts; many sensors at once are fleet/'s.

import { readFile, writeFile } from 'node:fs/promises';
import { extname } from 'node:path';
import type { Snapshot } from '../../item/snapshot.ts';
import type { LoadedPipeline } from '../../pipeline/connect.ts';
import type { Engine } from '../../pipeline/engine.ts';
import type { Output } from '../../session/session-options.ts';
import { type SourceFlags, sourceOptions } from '../commands/source-flags.ts';
import { openEngine } from '../open-engine.ts';
import { openPipelineOrFile } from '../open-pipeline.ts';
import { byteSize, microseconds, printAside, print as printOut, quantile } from '../print.ts';
import { openSource } from '../source/open-source.ts';
import type { Source } from '../source/source.ts';
import { usage } from '../usage.ts';
import type { AudioSink } from './audio-sink.ts';
import { everyKth } from './every-kth.ts';
import { createFaultReport } from './fault-report.ts';
import type { ForecastSummary } from './forecast-summary.ts';
import { hours } from './hours.ts';
import { onInterrupt } from './interrupt.ts';
import { createNarrator } from './narrate.ts';
import { pipelineOptions } from './pipeline-options.ts';
import { createProgress, realTimes } from './progress.ts';
import { recordLines } from './record-lines.ts';
import { isBegun, openRecordSink, type RecordSink } from './record-sink.ts';
import type { Recorder } from './recorder.ts';
import { runStream, type StreamResult } from './run-stream.ts';
import { type SegmentList, segmentList } from './segment-list.ts';

export interface RunFlags extends SourceFlags {
  readonly in: string;
  readonly out?: string;
  readonly json?: boolean;
  readonly cell?: string;
  readonly engine: string;
  readonly set: readonly string[];
  readonly rows?: string;
  readonly picture?: string;
  readonly compare?: boolean;
  readonly saveState?: string;
  readonly resume?: string;
  readonly quiet?: boolean;
}

export async function runOne(pipeline: string, flags: RunFlags): Promise<void> {
  const engine = await openEngine(flags.engine);
  const source = await openSource(flags.in, sourceOptions(flags));
  const loaded = await openPipelineOrFile(pipeline, await optionsFor(pipeline, source, flags), engine);
  if (flags.compare) return compare(pipeline, source, engine);
  const resume = flags.resume ? await readSnapshot(flags.resume) : undefined;
  const untilRow = flags.rows ? wholeNumber('--rows', flags.rows) : Infinity;
  const interrupt = onInterrupt(() => void source.close());
  const scores = wantsScores(loaded, source, flags) ? await openScores(source, loaded) : undefined;
  const session = { loaded, source, untilRow, ...(resume ? { resume } : {}), ...(scores ? { scores } : {}) };
  const watched = await watch(session, flags, interrupt.signal);
  interrupt.release();
  await report(watched, session, flags);
  if (ENDLESS.has(flags.in) || interrupt.exitCode === 0) return;
  sayWhereItStopped(watched.result, source, flags);
  process.exitCode = interrupt.exitCode;
}

/** These have no other end than Ctrl-C, which therefore ends the stream instead of breaking it off. */
const ENDLESS: ReadonlySet<string> = new Set(['mic', 'cpu']);

interface Opened {
  readonly loaded: LoadedPipeline;
  readonly source: Source;
  readonly untilRow: number;
  readonly resume?: Snapshot;
  readonly scores?: ForecastSummary;
}

interface Watched {
  readonly result: StreamResult;
  readonly recorder: Recorder | undefined;
  readonly segments: SegmentList;
  /** Microseconds a hop, a fair sample of them. */
  readonly costs: readonly number[];
  readonly seconds: number;
}

/** A file can be read twice: what nobody set is found in its beginning. */
async function optionsFor(pipeline: string, source: Source, flags: RunFlags): Promise<Record<string, string>> {
  const set = pipelineOptions(flags);
  if (pipeline !== 'forecast' || source.kind !== 'sensor' || !isFile(flags.in) || flags.compare) return set;
  const { findSeason } = await import('./find-season.ts');
  const { season, horizon, because } = await findSeason(source);
  if (!flags.quiet && set.season === undefined) printAside(`season=${season}, found in the data: ${because}`);
  // What is kept for quantiles is part of the state: a state to be read elsewhere is of the plain options.
  const nine = outOf(flags) === undefined && !flags.saveState && !flags.resume;
  return { season: String(season), horizon: String(horizon), ...(nine ? { quantiles: 'nine' } : {}), ...set };
}

const isFile = (from: string): boolean => from !== '-' && !ENDLESS.has(from);

/** A summary needs a whole stream, and is not for programs. */
const wantsScores = ({ pipeline }: LoadedPipeline, source: Source, flags: RunFlags): boolean =>
  pipeline.name === 'forecast' && isFile(flags.in) && source.kind === 'sensor' && !flags.quiet && !flags.resume;

async function openScores({ width }: Source, { options }: LoadedPipeline): Promise<ForecastSummary> {
  const { forecastSummary } = await import('./forecast-summary.ts');
  return forecastSummary(width, Number(options.horizon), Number(options.season));
}

/** Runs the stream, and lets everybody see what they asked for: the sink, the narrator, the picture, the progress line. */
async function watch(opened: Opened, flags: RunFlags, signal: AbortSignal): Promise<Watched> {
  const { loaded, source, resume } = opened;
  const out = outOf(flags);
  const sink = out === undefined ? undefined : await openSink(out, opened);
  const progress = createProgress(source, { shown: showsProgress(flags), firstRow: resume?.offset ?? 0 });
  const tell = (line: string): void => {
    progress.clear();
    printOut(line);
  };
  const segments = segmentList();
  const narrator = createNarrator({
    print: sink ? () => undefined : tell,
    onSegment: segments.add,
    rateHz: source.rateHz,
    names: source.names,
  });
  const recorder = flags.picture ? await openRecorder(source, loaded) : undefined;
  const faults = createFaultReport(source.kind, (line) => {
    progress.clear();
    printAside(line);
  });
  const costs = everyKth<number>();
  const started = performance.now();
  const running = runStream({
    ...opened,
    ...(ENDLESS.has(flags.in) ? {} : { signal }),
    ...(recorder ? { pieceHops: 1 } : {}), // a picture shows what each hop took
    onOutput(output: Output) {
      sink?.write(output);
      narrator.tell(output);
      recorder?.output(output);
      if (output.item.kind === 'forecast') opened.scores?.output(output.item);
    },
    onRefused: faults.refused,
    onChunk(chunk) {
      if (chunk.fault) faults.unreadable(chunk.at, chunk.fault);
      costs.add(chunk.us / chunk.hops);
      recorder?.chunk(chunk);
      opened.scores?.rows(chunk.at, chunk.missing > 0 ? nothing(chunk.missing, source.width) : chunk.rows);
      progress.at(chunk.at + chunk.missing + chunk.rows.length / source.width);
    },
    ...(sink ? { drained: () => sink.drained() } : {}),
  });
  const result = await running.catch(async (thrown: unknown) => {
    progress.clear();
    await sink?.end().catch(() => undefined); // what failed first is what is reported
    throw thrown;
  });
  narrator.finish();
  progress.done(result.summary.offset);
  faults.finish();
  await sink?.end(result.ended ? result.summary : undefined);
  return { result, recorder, segments, costs: costs.kept, seconds: (performance.now() - started) / 1000 };
}

const nothing = (rows: number, width: number): Float32Array => new Float32Array(rows * width).fill(Number.NaN);

/** The codec brings protobuf with it. */
async function readSnapshot(path: string): Promise<Snapshot> {
  const { decodeSnapshot } = await import('../../wire/snapshot-codec.ts');
  return decodeSnapshot(await readFile(path));
}

/** Pictures bring a drawing library with them, which takes as long to load as all the rest. */
async function openRecorder(source: Source, loaded: LoadedPipeline): Promise<Recorder> {
  const { Recorder } = await import('./recorder.ts');
  return new Recorder(source, loaded);
}

/** What there is to say and to write once the stream is over. */
async function report({ result, recorder, ...seen }: Watched, opened: Opened, flags: RunFlags): Promise<void> {
  const { loaded, source, resume } = opened;
  if (flags.saveState) {
    const { encodeSnapshot } = await import('../../wire/snapshot-codec.ts');
    await writeFile(flags.saveState, encodeSnapshot(result.snapshot));
  }
  if (flags.picture && recorder) {
    const title = `${loaded.pipeline.name} on ${flags.in}`;
    if (recorder.full)
      printAside(`${flags.picture} shows the beginning only: the stream is longer than a picture keeps`);
    await writeFile(flags.picture, await recorder.draw({ title, segments: seen.segments }));
  }
  const { offset, results, gaps, digest } = result.summary;
  const cost = `${microseconds(quantile(seen.costs, 0.5))} a hop (p99 ${microseconds(quantile(seen.costs, 0.99))})`;
  const ratio = (offset - (resume?.offset ?? 0)) / source.rateHz / seen.seconds;
  const speed = source.kind === 'audio' && !source.live ? `, ${realTimes(ratio)} x real time` : '';
  const say = outOf(flags) === '-' ? printAside : printOut;
  if (flags.quiet) return;
  say(`${offset} rows, ${results} results, ${gaps} gaps, ${cost}${speed}, ${byteSize(result.stateBytes)} of state`);
  say(`digest ${digest}`);
  if (opened.scores && results > 0) say(`\n${opened.scores.text()}`);
}

function sayWhereItStopped({ summary: { offset, results } }: StreamResult, source: Source, flags: RunFlags): void {
  const at = source.kind === 'audio' ? `${hours(offset / source.rateHz)}, row ${offset}` : `row ${offset}`;
  const next = flags.saveState
    ? `go on with --resume ${flags.saveState}`
    : 'with --save-state it could go on from here';
  printAside(`stopped at ${at}; all ${results} results so far are out; ${next}`);
}

const outOf = ({ json, out }: RunFlags): string | undefined => (json ? '-' : out);

/** Records on stdout are for programs, and a microphone's time passes by itself. */
const showsProgress = (flags: RunFlags): boolean => !flags.quiet && outOf(flags) !== '-' && !ENDLESS.has(flags.in);

/** Where results go: records or CSV for readings, a wav file or the speakers for audio. */
async function openSink(out: string, { source, loaded, resume }: Opened): Promise<RecordSink | AudioSink> {
  const ending = extname(out).toLowerCase();
  if (out === 'speakers' || ending === '.wav') {
    const { input, output } = loaded.pipeline;
    const { createAudioSink } = await import('./audio-sink.ts');
    if (output === 'audio') return createAudioSink(out, { rateHz: source.rateHz, width: 1 });
    return createAudioSink(out, { rateHz: input.rateHz || source.rateHz, width: input.width || source.width });
  }
  if (loaded.pipeline.output === 'audio' && ending === '.csv') {
    throw usage(`--out cannot be ${out}: ${loaded.pipeline.name} gives audio`, '--out clean.wav, speakers or -');
  }
  const append = resume !== undefined;
  const format =
    ending === '.csv'
      ? (await import('./result-csv.ts')).resultCsv(source.names, !(append && isBegun(out)))
      : recordLines;
  return openRecordSink(out, format, { append, prompt: source.live });
}

async function compare(pipeline: string, source: Source, engine: Engine): Promise<void> {
  const { compareCells, describeComparison } = await import('../compare.ts');
  const { readSamples } = await import('./read-samples.ts');
  if (engine.openCell) throw usage('--compare times both cells in one thread', 'the engine portable, relaxed or plain');
  const samples = await readSamples(source);
  printOut(
    describeComparison(
      await compareCells((name, options) => openPipelineOrFile(name, options, engine), pipeline, source, samples),
    ),
  );
}

function wholeNumber(flag: string, text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 0) return number;
  throw usage(`${flag} cannot be "${text}"`, 'a whole number');
}
