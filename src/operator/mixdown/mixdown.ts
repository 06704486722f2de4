// Channels to mono:  in --[rows, n]--|   out --[rows, 1]--|   each row is the mean of its n channels.
// Stateless; kinds other than chunk pass. The mean is taken in float64 and rounded once, so equal channels stay as they are.

import { assert } from '../../base/assert.ts';
import { engineError } from '../../base/errors.ts';
import { makeStage } from '../make-stage.ts';
import type { Stage } from '../stage.ts';

export interface MixdownOptions {
  /** Channels that come in. */
  readonly from: number;
  /** Channels that go out: 1, or as many as come in (then nothing is done). */
  readonly to: number;
}

/** @throws ERR_FORMAT_UNSUPPORTED when `to` is neither 1 nor `from` */
export function mixdown({ from, to }: MixdownOptions): Stage {
  if (from === to) return () => (source) => source;
  if (to !== 1 || !(from >= 1)) {
    throw engineError('ERR_FORMAT_UNSUPPORTED', `cannot mix ${from} channels to ${to}`, {
      expected: `${to} channels, or a pipeline that takes 1`,
    });
  }
  return makeStage((_context, emit) => ({
    chunk(item) {
      assert(item.width === from, 'mixdown: a chunk of another width');
      const data = new Float32Array(item.rows);
      for (let row = 0; row < item.rows; row++) {
        let sum = 0;
        for (let channel = 0; channel < from; channel++) sum += item.data[row * from + channel]!;
        data[row] = sum / from;
      }
      emit({ ...item, width: 1, data });
    },
  }));
}
