// A mixture of experts in place of a feed-forward (Shazeer et al. 2017, 1701.06538; in transformers: Switch, 2101.03961;
// top-2 as in Mixtral, 2401.04088). A cell without a state: a row's output depends on that row alone.
//   logits = router x;   e_1 .. e_k = the k largest;   y = sum_j gate_j expert_{e_j}(x) [+ bias] [+ sigmoid(g . x) shared(x)]
//   expert(x) = down (silu(gate x) * up x)
// Which gates: kernel/plain/moe-router.ts. Whose names: params.ts. Norm and residual are the stack's. Slow twin: naive.ts.

import { sigmoid } from '../../base/math.ts';
import { gatedMlp } from '../../kernel/plain/gated-mlp.ts';
import { matvec } from '../../kernel/plain/matvec.ts';
import { routeTopK } from '../../kernel/plain/moe-router.ts';
import type { Weights } from '../../weights/tensor.ts';
import type { Cell } from '../cell.ts';
import { scanBySteps } from '../scan-by-steps.ts';
import type { State } from '../state.ts';
import { lowerMoe } from './lower.ts';
import { type MoeConfig, readMoe } from './params.ts';

/** No state: 0 bytes. */
export type MoeLayout = Readonly<Record<never, never>>;

/**
 * The experts under `prefix`, for instance `model.layers.0.mlp.`; dIn = dOut = dModel.
 * @throws ERR_CONFIG_INVALID, ERR_WEIGHTS_MISSING, ERR_WEIGHTS_SHAPE
 */
export function moeCell(weights: Weights, prefix: string, config: MoeConfig): Cell<MoeLayout> {
  const params = readMoe(weights, prefix, config);
  const { router, rule, experts, bias, shared } = params;
  const { dModel, dHidden, chosen: count } = config;
  const sharedHidden = shared ? (config.sharedHidden ?? 0) : 0;

  // Scratch, rewritten by every step.
  const logits = new Float32Array(config.experts);
  const chosen = new Uint32Array(count);
  const gates = new Float64Array(count);
  const gated = new Float32Array(dHidden);
  const raised = new Float32Array(dHidden);
  const sharedGated = new Float32Array(sharedHidden);
  const sharedRaised = new Float32Array(sharedHidden);
  const sharedGate = new Float32Array(1);
  const made = new Float32Array(dModel);
  const sum = new Float64Array(dModel);

  const mix = (weight: number): void => {
    for (let i = 0; i < dModel; i++) sum[i] = sum[i]! + weight * made[i]!;
  };

  const step = (_state: State<MoeLayout>, x: Float32Array, y: Float32Array): void => {
    matvec(router, x, logits, config.experts, dModel);
    routeTopK(logits, rule, chosen, gates);
    if (bias) sum.set(bias);
    else sum.fill(0);
    for (let j = 0; j < count; j++) {
      gatedMlp(experts[chosen[j]!]!, x, gated, raised, made);
      mix(gates[j]!);
    }
    if (shared) {
      gatedMlp(shared.mlp, x, sharedGated, sharedRaised, made);
      matvec(shared.gate, x, sharedGate, 1, dModel);
      mix(sigmoid(sharedGate[0]!));
    }
    y.set(sum);
  };

  return {
    kind: 'moe',
    dIn: dModel,
    dOut: dModel,
    layout: {},
    contextRows: 1,
    flops: 2 * config.experts * dModel + 6 * dModel * (count * dHidden + sharedHidden) + (shared ? 2 * dModel : 0),
    init() {},
    step,
    scan: scanBySteps({ dIn: dModel, dOut: dModel, step }),
    lower: (simd, region) => lowerMoe(params, config, simd, region),
    skip() {}, // nothing is remembered, so nothing passes
    stepAfter: (state, x, y) => step(state, x, y),
  };
}
