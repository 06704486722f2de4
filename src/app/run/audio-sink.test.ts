// What a wav file holds after chunks and gaps: as many samples as rows, gaps as silence.

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { chunkOf, gapOf } from '../../../test/helpers/items.ts';
import { createAudioSink } from './audio-sink.ts';

it('writes gaps as silence, so that what follows keeps its time', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-'));
  const path = join(folder, 'out.wav');
  const sink = await createAudioSink(path, { rateHz: 1000, width: 1 });
  const items = [chunkOf(0, [0.5, 0.25]), gapOf(2, 2505), chunkOf(2505, [-0.5])];
  for (const [seq, item] of items.entries()) sink.write({ seq, item, latencyUs: 0 });
  await sink.end();
  const file = await readFile(path);
  const samples = new Int16Array(file.buffer.slice(file.byteOffset + 44, file.byteOffset + file.length));
  expect(samples).toHaveLength(2506);
  expect([samples[0], samples[1], samples[2505]]).toEqual([16_384, 8192, -16_384]);
  expect(samples.subarray(2, 2505).every((sample) => sample === 0)).toBe(true);
  await rm(folder, { recursive: true });
});
