// Recordings with and without noise, listed from a folder and read one pair at a time. Two layouts: denoise.jsonl with a line
// {"id", "snr"} for each noisy/<id>.flac and clean/<id>.flac; or just folders noisy/ and clean/ with files of equal names.

import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { engineError } from '../../../base/errors.ts';
import { readJsonLines } from '../../evaluate/read-json-lines.ts';
import { readSamples } from '../../run/read-samples.ts';
import { openSource } from '../../source/open-source.ts';
import { resampled } from '../peers/resampled.ts';

export const RATE_HZ = 16_000;
const LIST = 'denoise.jsonl';

export interface Pair {
  readonly id: string;
  readonly noisy: string;
  readonly clean: string;
  /** dB, where the folder says so. */
  readonly snr?: number;
}

/** Sorted by id; none where the folder has neither layout. @throws ERR_FILE_NOT_FOUND for a noisy file without its clean one */
export async function listPairs(folder: string): Promise<Pair[]> {
  if (existsSync(join(folder, LIST))) {
    const lines = await readJsonLines<{ id: string; snr: number }>(join(folder, LIST), ['id', 'snr']);
    const file = (kind: string, id: string): string => join(folder, kind, `${id}.flac`);
    return lines.map(({ id, snr }) => ({ id, snr, noisy: file('noisy', id), clean: file('clean', id) }));
  }
  if (!existsSync(join(folder, 'noisy'))) return [];
  const files = (await readdir(join(folder, 'noisy'))).filter((file) => !file.startsWith('.')).sort();
  return files.map((file) => {
    const clean = join(folder, 'clean', file);
    if (existsSync(clean)) return { id: file, noisy: join(folder, 'noisy', file), clean };
    throw engineError('ERR_FILE_NOT_FOUND', `there is no clean/${file} beside noisy/${file}`, {
      expected: 'files of equal names in noisy/ and clean/',
    });
  });
}

/** Both at 16 kHz, the first channel, cut to the shorter one. */
export async function readPair({ noisy, clean }: Pair): Promise<{ noisy: Float32Array; clean: Float32Array }> {
  const [a, b] = [await readMono(noisy), await readMono(clean)];
  const rows = Math.min(a.length, b.length);
  return { noisy: a.subarray(0, rows), clean: b.subarray(0, rows) };
}

async function readMono(file: string): Promise<Float32Array> {
  const source = await openSource(file);
  const samples = await readSamples(source);
  const { width, rateHz } = source;
  const mono = width === 1 ? samples : samples.filter((_, i) => i % width === 0);
  return resampled(mono, rateHz, RATE_HZ);
}
