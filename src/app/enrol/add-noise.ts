// A recording as it would sound in another room: the same samples in coloured noise. What is enrolled in quiet alone is missed in
// noise two to three times as often (models/keyword-ssm/README.md). Deterministic: the same recording gives the same noise.

import { seededRandom } from '../../cell/seeded-random.ts';

/** Hops that its loudness is taken over. */
const HOPS_A_SECOND = 100;

/** Of one first-order lowpass after white noise: 0 white, towards 1 darker. */
export const COLOURS = [0.5, 0.95] as const;

/**
 * @param sound [rows * width] interleaved   @param snr dB of the recording's loud hops over the noise
 * @param colour of the noise, 0 to 1   @param seed of its samples
 */
export function addNoise(
  sound: Float32Array,
  { rateHz, width }: { readonly rateHz: number; readonly width: number },
  { snr, colour, seed }: { readonly snr: number; readonly colour: number; readonly seed: number },
): Float32Array {
  const random = seededRandom(seed);
  const noise = new Float32Array(sound.length);
  let [low, power] = [0, 0];
  for (let i = 0; i < noise.length; i++) {
    low = colour * low + (1 - colour) * random();
    noise[i] = low;
    power += low * low;
  }
  const hop = Math.max(1, Math.round((rateHz / HOPS_A_SECOND) * width));
  const level = Math.sqrt((loudPower(sound, hop) * noise.length) / (power + 1e-20)) * 10 ** (-snr / 20);
  return sound.map((value, i) => value + level * noise[i]!);
}

/** Mean power of the hops that are less than 20 dB under the loudest: of the word, whatever silence is around it. */
function loudPower(sound: Float32Array, hop: number): number {
  const powers: number[] = [];
  for (let at = 0; at + hop <= sound.length; at += hop) {
    let power = 0;
    for (let i = at; i < at + hop; i++) power += sound[i]! * sound[i]!;
    powers.push(power / hop);
  }
  const most = powers.reduce((max, power) => Math.max(max, power), 0);
  const loud = powers.filter((power) => power >= most / 100);
  return loud.reduce((sum, power) => sum + power, 0) / Math.max(1, loud.length);
}
