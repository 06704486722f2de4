// What the outputs of a denoiser's head mean, as its config.json says: config.millrace.heads.

import type { ConfigReader } from '../../weights/config-reader.ts';
import type { FilterRowsOptions } from './filter-rows.ts';

const TAPS_MAX = 64;

/**
 * @param heads the section   @param shape bins of a spectrum, values of a row of the model, and whether these are behind a sigmoid
 * @throws ERR_CONFIG_INVALID naming the field that is missing or does not fit the others
 */
export function readHeads(
  heads: ConfigReader,
  { bins, width, activated }: { readonly bins: number; readonly width: number; readonly activated: boolean },
): Omit<FilterRowsOptions, 'least' | 'strength'> {
  const taps = heads.integer('filter_taps', { max: TAPS_MAX });
  const filtered = heads.integer('filter_bins', { max: bins });
  /** Where a part of `length` values begins. */
  const part = (field: string, length: number): number => {
    const [from = NaN, to = NaN] = heads.numbers(field);
    const fits = Number.isInteger(from) && from >= 0 && to <= width && to - from === length;
    if (!fits) throw heads.wrong(field, `[from, to) with ${length} of the ${width} outputs`);
    return from;
  };
  return {
    bins,
    filtered,
    taps,
    span: heads.number('span'),
    heads: {
      width,
      gain: part('gain', bins),
      filterRe: part('filter_re', taps * filtered),
      filterIm: part('filter_im', taps * filtered),
      speech: part('speech', 1),
      activated,
    },
  };
}
