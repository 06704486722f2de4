// Clips of words and of other speech in an audio folder, and the noise to put them in:
//   keywords/manifest.jsonl  {"file", "offset", "samples", "word", "split"} a line; split "eval"; word "_negative": other speech
//   train/manifest.jsonl     the same with "kind": "speech", "source"; those without "word" are hours of other speech
//   eval/denoise.jsonl       pairs (bench/audio/pairs.ts), whose noisy minus clean track is noise; babble is left out
// All 16 kHz mono, several clips in one file. Read a file at a time.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { joined } from '../../base/joined.ts';
import { seededRandom } from '../../cell/seeded-random.ts';
import { openSource } from '../source/open-source.ts';
import type { Source } from '../source/source.ts';
import { readJsonLines } from './read-json-lines.ts';

export const RATE_HZ = 16_000;

interface ClipLine {
  readonly file: string;
  readonly offset: number;
  readonly samples: number;
  readonly word?: string;
  readonly split?: string;
  readonly kind?: string;
  readonly source?: string;
}

export interface Clip {
  /** undefined: other speech. */
  readonly word: string | undefined;
  readonly source: string;
  readonly sound: Float32Array;
}

/** Clips of the eval split that are one of `words` or negatives. */
export function keywordClips(folder: string, words: readonly string[]): AsyncIterable<Clip> {
  return clips(
    join(folder, 'keywords'),
    ({ split, word }) => split === 'eval' && word !== undefined && (words.includes(word) || word === '_negative'),
  );
}

/** Clips of a word in one split. */
export function clipsOf(folder: string, word: string, wanted: 'train' | 'eval'): AsyncIterable<Clip> {
  return clips(join(folder, 'keywords'), (line) => line.split === wanted && line.word === word);
}

/** Speech in which nobody was asked to say a keyword; none where the folder has no train/. */
export function otherSpeech(folder: string): AsyncIterable<Clip> {
  return clips(join(folder, 'train'), ({ kind, word }) => kind === 'speech' && word === undefined);
}

/** All clips of a list that `wanted` names, in its order of files. */
export async function* clips(folder: string, wanted: (line: ClipLine) => boolean): AsyncIterable<Clip> {
  const list = join(folder, 'manifest.jsonl');
  if (!existsSync(list)) return;
  const lines = (await readJsonLines<ClipLine>(list, ['file', 'offset', 'samples'])).filter(wanted);
  for (const file of [...new Set(lines.map((line) => line.file))]) {
    const sound = await wholeFile(join(folder, file));
    for (const { offset, samples, word, source = '', ...line } of lines) {
      if (line.file !== file) continue;
      const own = word === '_negative' ? undefined : word;
      yield { word: own, source, sound: sound.slice(offset, offset + samples) };
    }
  }
}

const wholeFile = async (file: string): Promise<Float32Array> => wholeSource(await openSource(file));

/** All samples of a file, interleaved, however many or few. */
export async function wholeSource(source: Source): Promise<Float32Array> {
  const parts: Float32Array[] = [];
  for await (const { rows } of source.blocks()) parts.push(rows.slice());
  return joined(parts);
}

/** Noise tracks of the folder's pairs; none where it has no eval/. */
export async function noiseTracks(folder: string): Promise<Float32Array[]> {
  const list = join(folder, 'eval', 'denoise.jsonl');
  if (!existsSync(list)) return [];
  const found: Float32Array[] = [];
  for (const { id, noise } of await readJsonLines<{ id: string; noise?: string }>(list, ['id'])) {
    if (noise === 'syn-babble') continue;
    const [noisy, clean] = await Promise.all(
      ['noisy', 'clean'].map((kind) => wholeFile(join(folder, 'eval', kind, `${id}.flac`))),
    );
    found.push(noisy!.subarray(0, clean!.length).map((x, i) => x - clean![i]!));
  }
  return found;
}

const PAD = RATE_HZ / 2;
const HOP = 160;

/**
 * The clip between half a second of silence, in noise `snr` dB below the louder half of its hops; undefined: no noise.
 * Which noise, and from where on, is a function of `seed`.
 */
export function scene(
  clip: Float32Array,
  noises: readonly Float32Array[],
  snr: number | undefined,
  seed: number,
): Float32Array {
  const mix = new Float32Array(clip.length + 2 * PAD);
  mix.set(clip, PAD);
  if (snr === undefined || noises.length === 0) return mix;
  const random = seededRandom(seed);
  const share = (): number => (random() + 1) / 2.000001;
  const noise = noises[Math.floor(share() * noises.length)]!;
  const first = Math.floor((share() * noise.length) / 2);
  const at = (i: number): number => noise[first + (i % (noise.length - first))]!;
  const power = mix.reduce((sum, _, i) => sum + at(i) ** 2, 0) / mix.length;
  const level = Math.sqrt(loudHalf(clip) / (power + 1e-12)) * 10 ** (-snr / 20);
  let peak = 1;
  for (let i = 0; i < mix.length; i++) {
    mix[i] = mix[i]! + level * at(i);
    peak = Math.max(peak, Math.abs(mix[i]!));
  }
  return peak > 1 ? mix.map((x) => x / peak) : mix;
}

/** Mean power of the louder half of the hops. */
function loudHalf(clip: Float32Array): number {
  const hops = Array.from({ length: Math.floor(clip.length / HOP) }, (_, hop) =>
    clip.subarray(hop * HOP, (hop + 1) * HOP).reduce((sum, x) => sum + x * x, 0),
  ).sort((a, b) => a - b);
  const loud = hops.slice(Math.floor(hops.length / 2));
  return loud.reduce((sum, x) => sum + x, 0) / (loud.length * HOP || 1);
}
