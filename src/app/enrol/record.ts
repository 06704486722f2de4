// A recording for enrolment: what the model makes of it, in quiet and in noise of two colours.

import type { StreamFormat } from '../../pipeline/define-pipeline.ts';
import { addNoise, COLOURS } from './add-noise.ts';
import type { Recorded } from './make-prototype.ts';
import { type openTrunk, padded, type TrunkRows } from './trunk-rows.ts';

const NOISE_DB = 8;

/** @param sound [rows * width] the word alone */
export async function record(
  sound: Float32Array,
  format: StreamFormat,
  trunk: Awaited<ReturnType<typeof openTrunk>>,
): Promise<Recorded> {
  const whole = padded(sound, format);
  const noisy: TrunkRows[] = [];
  for (const [seed, colour] of COLOURS.entries()) {
    noisy.push(await trunk(addNoise(whole, format, { snr: NOISE_DB, colour, seed }), format));
  }
  return { quiet: await trunk(whole, format), noisy };
}
