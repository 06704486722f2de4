// Keywords on labelled clips, clean and in noise, and on hours of other speech: accuracy, what is taken for a word, and the miss
// rate at half a false alarm an hour, per word. The folder: keyword-clips.ts. What counts: a clip is right when the decision
// with the highest score is its word (other speech: when there is none). Wake words alone count as false alarms on other speech,
// in which people do say digits.

import { joined } from '../../base/joined.ts';
import { readWords, SETTLING } from '../../operator/spot-words/index.ts';
import type { LoadedPipeline } from '../../pipeline/connect.ts';
import { configReader } from '../../weights/config-reader.ts';
import type { Model } from '../../weights/tensor.ts';
import { type OpenPipeline, openPackagedModel } from '../open-pipeline.ts';
import { byteSize, microseconds, table } from '../print.ts';
import { usage } from '../usage.ts';
import { type Clip, keywordClips, noiseTracks, otherSpeech, RATE_HZ, scene } from './keyword-clips.ts';
import { type Decision, decisionsAt, type Probabilities, probabilitiesOf } from './keyword-decisions.ts';

type Rules = typeof SETTLING & { readonly threshold: number; readonly spanHops: number };

function rulesOf(model: Model): Rules {
  const millrace = configReader(model).section('millrace');
  const { thresholds, spanHops } = readWords(millrace, millrace.texts('words').length);
  return { ...SETTLING, spanHops, threshold: thresholds[0]! };
}

const SNRS = [undefined, 20, 10, 5, 0] as const;
const DIGITS = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'];
const ALARMS_AN_HOUR = 0.5;
const THRESHOLDS = [0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 0.98, 0.99, 0.995];
/** Between two clips of other speech. */
const PAUSE = RATE_HZ / 5;

type Heard = Pick<Probabilities, 'words' | 'rows'> & { readonly word: string | undefined };

export async function evaluateKeyword(
  open: OpenPipeline,
  { data }: { readonly data: string },
  print: (line: string) => void,
): Promise<void> {
  const cells = ['ssm', 'attention'] as const;
  const models = await Promise.all(cells.map((cell) => openPackagedModel(`keyword-${cell}`)));
  const pipelines = await Promise.all(cells.map((cell) => open('keyword', { cell, probabilities: 'on' })));
  const words = await wordsOf(pipelines[0]!);
  const clips: Clip[] = [];
  for await (const clip of keywordClips(data, words.map(spaced))) clips.push(clip);
  if (clips.length === 0)
    throw usage(`there are no clips to evaluate in ${data}`, 'a folder with keywords/manifest.jsonl');
  const noises = await noiseTracks(data);
  for (const [i, cell] of cells.entries())
    await evaluateCell(`keyword, ${cell}`, pipelines[i]!, rulesOf(models[i]!), clips, noises, data, print);
}

async function evaluateCell(
  name: string,
  loaded: LoadedPipeline,
  rules: Rules,
  clips: readonly Clip[],
  noises: readonly Float32Array[],
  data: string,
  print: (line: string) => void,
): Promise<void> {
  const columns: Heard[][] = [];
  let [us, seconds, stateBytes] = [0, 0, 0];
  for (const snr of noises.length > 0 ? SNRS : [undefined]) {
    const heard: Heard[] = [];
    for (const [i, { word, sound }] of clips.entries()) {
      const mix = scene(sound, noises, snr, i + 1);
      const run = await probabilitiesOf(loaded, mix);
      heard.push({ words: run.words, rows: run.rows, word: word?.replaceAll(' ', '_') });
      [us, seconds, stateBytes] = [us + run.us, seconds + mix.length / RATE_HZ, run.stateBytes];
    }
    columns.push(heard);
  }
  const { thresholds, lines } = await falseAlarms(loaded, rules, data);
  const titles = SNRS.slice(0, columns.length).map((snr) => (snr === undefined ? 'clean' : `${snr} dB`));
  const missed = thresholds.map(
    (threshold) => new Map(byWord(columns[0]!).map(([word, some]) => [word, 1 - share(some, threshold, rules)])),
  );
  const rows = byWord(columns[0]!).map(([word, some]) => [
    word,
    `${some.length}`,
    ...columns.map((heard) => percent(share(new Map(byWord(heard)).get(word)!, rules.threshold, rules))),
    ...missed.map((of) => percent(of.get(word)!)),
  ]);
  const spoken = (heard: readonly Heard[]) => heard.filter(({ word }) => word !== undefined);
  const all = columns.map((heard) => percent(share(heard, rules.threshold, rules)));
  const evenly = columns.map((heard) =>
    percent(mean(byWord(spoken(heard)).map(([, some]) => share(some, rules.threshold, rules)))),
  );
  const missedWake = missed.map((of) =>
    percent(mean([...of].filter(([word]) => isWake(word)).map(([, value]) => value))),
  );
  print(`${name}: ${microseconds(us / seconds)} per s of audio, ${byteSize(stateBytes)} of state`);
  print(
    table([
      [`right at ${rules.threshold}`, 'clips', ...titles, 'missed*', 'missed**'],
      ...rows,
      ['all clips', `${clips.length}`, ...all, '', ''],
      ['words evenly', '', ...evenly, ...missedWake],
    ]),
  );
  print(
    `clean, at the lowest threshold with ${ALARMS_AN_HOUR} false alarms of wake words an hour at most: ` +
      `* ${thresholds[0]}, each source as one stream; ** ${thresholds[1]}, each sentence as a stream of its own`,
  );
  for (const line of lines) print(line);
}

interface Speech {
  readonly source: string;
  readonly hours: number;
  /** All of it as one stream, as who listens live has it. */
  readonly whole: Probabilities[];
  /** Every sentence from an empty state: what a stream's first seconds do. */
  readonly apart: Probabilities[];
}

/** On other speech, heard in both ways: the lowest thresholds that are quiet enough, and what the usual one says. */
async function falseAlarms(
  loaded: LoadedPipeline,
  rules: Rules,
  data: string,
): Promise<{ thresholds: readonly number[]; lines: string[] }> {
  const speech = await hearOtherSpeech(loaded, data);
  const hours = speech.reduce((sum, one) => sum + one.hours, 0);
  const alarms = (runs: readonly Probabilities[], threshold: number): Decision[] =>
    runs.flatMap((run) => decisionsAt(run, threshold, rules, run.words.filter(isWake)));
  const lowest = (runs: readonly Probabilities[]): number =>
    THRESHOLDS.find((threshold) => alarms(runs, threshold).length <= ALARMS_AN_HOUR * hours) ?? 1;
  const counted = (runs: readonly Probabilities[]): string => {
    const found = alarms(runs, rules.threshold).map(({ word, score }) => `${word} ${score.toFixed(2)}`);
    return found.length > 0 ? `${found.length} (${found.join(', ')})` : '0';
  };
  const lines = speech.map(
    (one) =>
      `other speech, ${one.source}, ${(60 * one.hours).toFixed(1)} min: false alarms at ${rules.threshold} ` +
      `in one stream ${counted(one.whole)}, a stream a sentence ${counted(one.apart)}`,
  );
  const ways = [speech.flatMap(({ whole }) => whole), speech.flatMap(({ apart }) => apart)];
  return { thresholds: ways.map(lowest), lines };
}

async function hearOtherSpeech(loaded: LoadedPipeline, data: string): Promise<Speech[]> {
  const sources = new Map<string, Float32Array[]>();
  for await (const { source, sound } of otherSpeech(data)) {
    const padded = new Float32Array(sound.length + PAUSE);
    padded.set(sound);
    const sounds = sources.get(source) ?? [];
    sources.set(source, sounds);
    sounds.push(padded);
  }
  const heard: Speech[] = [];
  for (const [source, sounds] of sources) {
    const whole = joined(sounds);
    const apart: Probabilities[] = [];
    for (const sound of sounds) apart.push(await probabilitiesOf(loaded, sound));
    heard.push({
      source,
      hours: whole.length / RATE_HZ / 3600,
      whole: [await probabilitiesOf(loaded, whole)],
      apart,
    });
  }
  return heard;
}

const isWake = (word: string): boolean => !DIGITS.includes(word) && word !== OTHER;
const OTHER = '(other speech)';
const spaced = (word: string): string => word.replaceAll('_', ' ');
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const percent = (value: number): string => `${(100 * value).toFixed(1)} %`;

function byWord(heard: readonly Heard[]): [string, Heard[]][] {
  const found = new Map<string, Heard[]>();
  for (const one of heard) {
    const word = one.word ?? OTHER;
    found.set(word, [...(found.get(word) ?? []), one]);
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Share of clips that are right. */
function share(heard: readonly Heard[], threshold: number, rules: Rules): number {
  const right = heard.filter((one) => {
    const best = decisionsAt(one, threshold, rules).sort((a, b) => b.score - a.score)[0];
    return best?.word === one.word;
  });
  return right.length / heard.length;
}

async function wordsOf(loaded: LoadedPipeline): Promise<readonly string[]> {
  return (await probabilitiesOf(loaded, new Float32Array(1600))).words;
}
