// The beginning of an audio source in memory, for what needs to hear it more than once.

import { engineError } from '../../base/errors.ts';
import { joined } from '../../base/joined.ts';
import type { Source } from '../source/source.ts';

const SECONDS_MAX = 600;

/** Interleaved samples, at most ten minutes. @throws ERR_USAGE for a sensor or an empty source */
export async function readSamples(source: Source): Promise<Float32Array> {
  if (source.kind !== 'audio') throw engineError('ERR_USAGE', 'a sensor has no samples', { expected: 'an audio file' });
  const parts: Float32Array[] = [];
  let length = 0;
  for await (const { rows } of source.blocks()) {
    parts.push(rows);
    length += rows.length;
    if (length >= SECONDS_MAX * source.rateHz * source.width) break;
  }
  if (length < source.rateHz * source.width) {
    throw engineError('ERR_USAGE', 'less than a second of audio', { expected: 'a recording of a second or more' });
  }
  return joined(parts);
}
