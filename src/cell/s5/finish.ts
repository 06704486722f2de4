// What follows the SSM in S5's SequenceLayer, before its residual: nothing, GELU, or one of three gated linear units. flax's
// gelu is the tanh form. Built once per cell; the rows share its scratch.

import { sigmoid } from '../../base/math.ts';
import { geluTanh } from '../../kernel/plain/gelu-tanh.ts';
import { matvec } from '../../kernel/plain/matvec.ts';
import type { S5Config, S5Params } from './params.ts';

/** y <- f(y), y [H] in place. Allocates nothing. */
export function s5Finish({ dModel, output }: S5Config, { out1, out2 }: S5Params): (y: Float32Array) => void {
  const active = new Float32Array(dModel);
  const gate = new Float32Array(dModel);
  if (output === 'none') return () => {};
  return (y) => {
    for (let i = 0; i < dModel; i++) active[i] = geluTanh(y[i]!);
    if (output === 'gelu') {
      y.set(active);
      return;
    }
    matvec(out2!.weight, active, gate, dModel, dModel, out2!.bias);
    // half_glu2 gates the SSM's own output, half_glu1 its GELU, full_glu a linear map of that.
    if (output === 'half_glu1') y.set(active);
    if (output === 'full_glu') matvec(out1!.weight, active, y, dModel, dModel, out1!.bias);
    for (let i = 0; i < dModel; i++) y[i] = y[i]! * sigmoid(gate[i]!);
  };
}
