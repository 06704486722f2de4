// Recordings with and without noise, listed from a folder and read one pair at a time. Two layouts: denoise.jsonl with a line
// {"id", "snr"} for each noisy/<id>.flac and clean/<id>.flac; or just folders noisy/ and clean/ with files of equal names.

import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { engineError } from '../../../base/errors.ts';
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
    const lines = (await readFile(join(folder, LIST), 'utf8')).trim().split('\n');
    return lines.map((line) => {
      const { id, snr } = JSON.parse(line) as { id: string; snr: number };
      return { id, snr, noisy: join(folder, 'noisy', `${id}.flac`), clean: join(folder, 'clean', `${id}.flac`) };
    });
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
