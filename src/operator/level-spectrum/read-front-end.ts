// The front end that a model was trained with, as its config.json says: config.millrace.frontend, "level-spectrum".

import { assert } from '../../base/assert.ts';
import type { ConfigReader } from '../../weights/config-reader.ts';
import type { FrameOptions } from '../frames.ts';
import type { LevelOptions } from './level-rows.ts';

export interface FrontEnd {
  readonly frames: FrameOptions;
  readonly level: Omit<LevelOptions, 'phaseBins'>;
}

const SIZE_MAX = 65_536;

/**
 * @param frontEnd the section   @param grid what the pipeline's stages run at
 * @throws ERR_CONFIG_INVALID naming the field that is missing or does not fit
 */
export function readFrontEnd(
  frontEnd: ConfigReader,
  { rateHz, hopRows }: { readonly rateHz: number; readonly hopRows: number },
): FrontEnd {
  assert(rateHz > 0 && hopRows > 0, 'a front end has a rate and a hop');
  frontEnd.oneOf('type', ['level-spectrum']);
  frontEnd.oneOf('window', ['sqrt-hann-periodic']);
  const exactly = (field: string, wanted: number): number => {
    if (frontEnd.number(field) !== wanted) throw frontEnd.wrong(field, `${wanted}`);
    return wanted;
  };
  exactly('sample_rate', rateHz);
  exactly('hop', hopRows);
  const windowRows = exactly('window_length', 2 * hopRows); // the latency of one hop behind the hop itself
  const fftSize = frontEnd.integer('fft', { min: windowRows, max: SIZE_MAX });
  return {
    frames: { windowRows, hopRows, fftSize, window: 'sqrt-hann' },
    level: {
      bins: exactly('bins', fftSize / 2 + 1),
      levelKeep: frontEnd.number('level_keep'),
      levelFloor: frontEnd.number('level_floor'),
      powerFloor: frontEnd.number('power_floor'),
      compression: frontEnd.number('compression'),
    },
  };
}
