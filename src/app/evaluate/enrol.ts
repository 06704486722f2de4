// Enrolment on labelled clips: 20 recordings of a word from the training split, as `millrace enrol` takes them; then how many of
// the held-out clips are heard, clean and in noise, and what else is taken for the word: other words, sentences, running speech.
// The folder: keyword-clips.ts. Words that the model was trained on say little about words that it was not; `--model` takes
// one that never heard them (train/keywords.py --probe).

import { seededRandom } from '../../cell/seeded-random.ts';
import { openModel } from '../../weights/open-model.ts';
import { bestScore, directions, makePrototype } from '../enrol/make-prototype.ts';
import { record } from '../enrol/record.ts';
import { backgroundOf, openTrunk, padded } from '../enrol/trunk-rows.ts';
import { openPackagedModel } from '../open-pipeline.ts';
import { table } from '../print.ts';
import { usage } from '../usage.ts';
import { type Clip, clipsOf, keywordClips, noiseTracks, otherSpeech, RATE_HZ, scene } from './keyword-clips.ts';

const RECORDINGS = 20;
const MONO = { rateHz: RATE_HZ, width: 1 };
/** English prompts in no model's training as other speech (ten of them are digits that the second recipe of train/ has as words;
 * the same voice says Spanish ones there). */
const UNHEARD_SPEECH = 'asterisk-en';
const SNR_DB = 10;

export interface EnrolFlags {
  readonly data: string;
  readonly model?: string;
  readonly words?: string;
}

type Directions = readonly Float64Array[];

export async function evaluateEnrol(flags: EnrolFlags, print: (line: string) => void): Promise<void> {
  const model = await (flags.model ? openModel(flags.model) : openPackagedModel('keyword-ssm'));
  const trunk = await openTrunk(model);
  const background = backgroundOf(model);
  const hear = async (sound: Float32Array): Promise<Directions> => directions(await trunk(sound, MONO));
  const noises = await noiseTracks(flags.data);
  const trained = (model.config.millrace as { words: string[] }).words;
  const wanted = flags.words?.split(',') ?? [...trained, 'heychatterbox', 'heycomputer'];
  const others: { readonly word: string | undefined; readonly rows: Directions }[] = [];
  for await (const { word, sound } of keywordClips(flags.data, trained)) {
    others.push({ word, rows: await hear(padded(sound, MONO)) });
  }
  if (others.length === 0)
    throw usage(`there are no clips to evaluate in ${flags.data}`, 'a folder with keywords/manifest.jsonl');
  const speech: Directions[] = [];
  let samples = 0;
  for await (const { source, sound } of otherSpeech(flags.data)) {
    if (source !== UNHEARD_SPEECH) continue;
    speech.push(await hear(padded(sound, MONO)));
    samples += sound.length;
  }
  const hours = samples / RATE_HZ / 3600;
  const lines = [];
  for (const word of wanted) {
    const recordings = [];
    for (const { sound } of chosen(await all(clipsOf(flags.data, word, 'train')))) {
      recordings.push(await record(sound, MONO, trunk));
    }
    const { direction, threshold } = makePrototype(recordings, background);
    const taken = (rows: Directions): boolean => bestScore(rows, direction) >= threshold;
    const clips = await all(clipsOf(flags.data, word, 'eval'));
    const [clean, noisy]: [boolean[], boolean[]] = [[], []];
    for (const [i, { sound }] of clips.entries()) {
      clean.push(taken(await hear(scene(sound, noises, undefined, i + 1))));
      noisy.push(taken(await hear(scene(sound, noises, SNR_DB, i + 1))));
    }
    // "computer" is half of "hey computer": neither is wrong for the other.
    const apart = others.filter(
      (one) => one.word !== undefined && !word.includes(one.word) && !one.word.includes(word),
    );
    const sentences = others.filter((one) => one.word === undefined);
    lines.push([
      word,
      `${clips.length}`,
      ...[clean, noisy, apart.map(({ rows }) => taken(rows)), sentences.map(({ rows }) => taken(rows))].map(share),
      (speech.filter(taken).length / hours).toFixed(1),
      threshold.toFixed(2),
    ]);
  }
  const heads = ['clips', 'heard', `at ${SNR_DB} dB`, 'other words', 'sentences', 'an hour', 'threshold'];
  print(`enrolled from ${RECORDINGS} recordings, ${model.name}; what is heard, and what is taken for the word:`);
  print(table([['word', ...heads], ...lines]));
  print(`an hour: of ${(60 * hours).toFixed(1)} min of prompts never heard (${UNHEARD_SPEECH})`);
}

const share = (taken: readonly boolean[]): string =>
  taken.length === 0 ? '' : `${((100 * taken.filter(Boolean).length) / taken.length).toFixed(1)} %`;

/** RECORDINGS of them, the same ones every time. */
function chosen(clips: readonly Clip[]): Clip[] {
  const random = seededRandom(1);
  const drawn = clips.map((clip) => ({ clip, at: random() })).sort((a, b) => a.at - b.at);
  return drawn.slice(0, RECORDINGS).map(({ clip }) => clip);
}

async function all(clips: AsyncIterable<Clip>): Promise<Clip[]> {
  const found: Clip[] = [];
  for await (const clip of clips) found.push(clip);
  return found;
}
