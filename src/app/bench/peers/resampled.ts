// A whole recording at another rate, row for row at the same times: what a peer that runs at 48 kHz is given of ours.

import { makeState } from '../../../cell/state.ts';
import { filterFor } from '../../../operator/resample/filter.ts';
import {
  openResampler,
  resamplerLayout,
  resamplerScratch,
  startResampler,
} from '../../../operator/resample/resampler.ts';

/** samples [n] at fromHz -> [ceil(n * toHz / fromHz)] at toHz, zeros beyond both ends. */
export function resampled(samples: Float32Array, fromHz: number, toHz: number): Float32Array {
  if (fromHz === toHz) return samples;
  const shape = { filter: filterFor(fromHz, toHz), width: 1, blockRows: toHz / 100 };
  const { at } = makeState(resamplerLayout(shape));
  const out = new Float32Array(Math.ceil((samples.length * toHz) / fromHz));
  startResampler(at);
  const resampler = openResampler(shape, at, resamplerScratch(shape), (data, from) => out.set(data, from));
  resampler.place(0);
  resampler.feed(samples, samples.length);
  resampler.drain(out.length);
  return out;
}
