// Puts in front of each row how loud its hop was:  in --[rows, width]--|   out --[rows, 1 | width]--|
// The mean of a log-mel row: what word-span.ts finds the beginning of a word by. Stateless; other kinds pass.

import { makeStage } from '../make-stage.ts';
import type { Stage } from '../stage.ts';

export function loudness(): Stage {
  return makeStage((_context, emit) => ({
    chunk(item) {
      const { rows, width, data } = item;
      const out = new Float32Array(rows * (width + 1));
      for (let row = 0; row < rows; row++) {
        const at = row * (width + 1);
        let sum = 0;
        for (let i = 0; i < width; i++) sum += out[at + 1 + i] = data[row * width + i]!;
        out[at] = sum / width;
      }
      emit({ ...item, width: width + 1, data: out });
    },
  }));
}
