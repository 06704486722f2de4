// Labelled scenes of a folder: vad.jsonl with a line {"id", "speech": [[start, end] s, ...], "snr"} for each vad/<id>.flac, 16
// kHz. Listed at once, read one at a time. Labels are per 10 ms hop, taken at the hop's middle.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readSamples } from '../run/read-samples.ts';
import { openSource } from '../source/open-source.ts';
import { readJsonLines } from './read-json-lines.ts';

export const RATE_HZ = 16_000;
export const HOP_ROWS = 160;

export interface SceneEntry {
  readonly file: string;
  /** Seconds. */
  readonly speech: readonly (readonly [start: number, end: number])[];
  /** dB. */
  readonly snr: number;
}

export interface Scene extends SceneEntry {
  readonly samples: Float32Array;
  /** 1 or 0 for every whole hop. */
  readonly labels: Uint8Array;
}

/** None where the folder has no vad.jsonl. */
export async function listScenes(folder: string): Promise<SceneEntry[]> {
  const list = join(folder, 'vad.jsonl');
  if (!existsSync(list)) return [];
  const lines = await readJsonLines<Omit<SceneEntry, 'file'> & { id: string }>(list, ['id', 'speech', 'snr']);
  return lines.map(({ id, speech, snr }) => ({ file: join(folder, 'vad', `${id}.flac`), speech, snr }));
}

export async function readScene(entry: SceneEntry): Promise<Scene> {
  const samples = await readSamples(await openSource(entry.file));
  const labels = Uint8Array.from({ length: Math.floor(samples.length / HOP_ROWS) }, (_, hop) => {
    const middle = ((hop + 0.5) * HOP_ROWS) / RATE_HZ;
    return entry.speech.some(([start, end]) => middle >= start && middle < end) ? 1 : 0;
  });
  return { ...entry, samples, labels };
}
