// Puts the stages of an audio pipeline behind what its source needs first (mixing, resampling), and audio that it gives back to
// the source's rate.

import { assert } from '../base/assert.ts';
import { mixdown } from '../operator/mixdown/mixdown.ts';
import { oneWay, roundTrip } from '../operator/resample/trips.ts';
import type { Stage } from '../operator/stage.ts';
import type { Pipeline, StreamFormat } from './define-pipeline.ts';

/**
 * `stages` behind mixing and resampling of audio that comes otherwise; audio that they give goes back to the source's rate, on
 * the source's grid. The last rows of a source whose end lies between two rows of the pipeline are up to a row too many:
 * session/source-grid.ts cuts them.
 */
export function fitSource(
  { input, output }: Pipeline,
  source: StreamFormat,
  stages: readonly Stage[],
): readonly Stage[] {
  const mixed = source.width === input.width ? [] : [mixdown({ from: source.width, to: input.width })];
  if (source.rateHz === input.rateHz) return [...mixed, ...stages];
  if (output !== 'audio') {
    const { there, placed } = oneWay(source.rateHz, input.rateHz, input.hopRows, input.width);
    return [...mixed, there, ...stages, placed];
  }
  assert(input.width === 1, 'audio that is given back has one channel');
  const { there, back } = roundTrip(source.rateHz, input.rateHz, input.hopRows);
  return [...mixed, there, ...stages, back];
}
