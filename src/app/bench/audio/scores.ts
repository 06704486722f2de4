// What a cleaned recording is worth, all metrics side by side. SI-SDR and distance say how close it is to the clean one, STOI
// how well it would be understood, DNSMOS how it would sound. Papers: the metrics' own files.

import { logSpectralDistance } from '../../quality/log-spectral-distance.ts';
import { siSdr } from '../../quality/si-sdr.ts';
import { stoi } from '../../quality/stoi.ts';
import type { Opinion } from './dnsmos.ts';
import { RATE_HZ } from './pairs.ts';

/** In the order of the table, with units. Less is better for the distance, more for everything else. */
export const METRICS = {
  STOI: 'of 1',
  'SI-SDR': 'dB',
  'log-spectral distance': 'dB of distance',
  'DNSMOS SIG': 'MOS',
  'DNSMOS BAK': 'MOS',
  'DNSMOS OVRL': 'MOS',
} as const;
export type Metric = keyof typeof METRICS;

export type Scores = Readonly<Partial<Record<Metric, number>>>;

/** clean, estimate [n] at 16 kHz. A metric that cannot be told (silence, too short, no `dnsmos`) is absent. */
export async function scoresOf(
  clean: Float32Array,
  estimate: Float32Array,
  dnsmos?: (samples: Float32Array) => Promise<Opinion>,
): Promise<Scores> {
  const opinion = await dnsmos?.(estimate);
  const all: Record<Metric, number> = {
    STOI: stoi(clean, estimate, RATE_HZ),
    'SI-SDR': siSdr(clean, estimate),
    'log-spectral distance': logSpectralDistance(clean, estimate),
    'DNSMOS SIG': opinion?.sig ?? Number.NaN,
    'DNSMOS BAK': opinion?.bak ?? Number.NaN,
    'DNSMOS OVRL': opinion?.ovrl ?? Number.NaN,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => Number.isFinite(value)));
}
