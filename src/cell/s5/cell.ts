// S5: one diagonal state that all channels drive and read (MIMO), discretised once by zero-order hold or bilinearly.
//   h = a h + b (B u),  y = 2 Re(C h) + D u,  out = finish(y)       h [modes] complex, u, y [dModel]
// With zero-order hold a row may come at any time: stepAfter is exact. Norm and residual are cell/stack's.
// Smith, Warrington, Linderman 2023 (arXiv 2208.04933). Read next: kernel/plain/s5-step.ts, naive.ts.

import { type S4dTransition, s4dDiscretise, s4dTransition } from '../../kernel/plain/s4d-discretise.ts';
import { s4dDecay } from '../../kernel/plain/s4d-step.ts';
import { s5Associative } from '../../kernel/plain/s5-associative.ts';
import { type S5Matrices, s5Advance, s5Drive, s5Output } from '../../kernel/plain/s5-step.ts';
import type { Cell, ScanForm } from '../cell.ts';
import { scanBySteps } from '../scan-by-steps.ts';
import { f32, type State } from '../state.ts';
import { s5Finish } from './finish.ts';
import { checkS5, type S5Config, type S5Params } from './params.ts';

/** h [modes], real and imaginary parts. */
export type S5Layout = { readonly hRe: ReturnType<typeof f32>; readonly hIm: ReturnType<typeof f32> };

/**
 * dIn = dOut = dModel. stepAfter(dt) is there for zoh only: x is held over the dt rows before it, and d1 then d2 under one x
 * equals d1 + d2. The bilinear rule has no such property.
 * @throws ERR_CONFIG_INVALID
 */
export function s5Cell(config: S5Config, params: S5Params): Cell<S5Layout> {
  checkS5(config);
  const { dModel, modes, method, output } = config;
  const transition = s4dDiscretise(method, params.step, params.lambdaRe, params.lambdaIm);
  const late = s4dTransition(modes);
  const matrices: S5Matrices = { ...params, factor: config.conjSym ? 2 : 1 };
  const drive = new Float64Array(2);
  const finish = s5Finish(config, params);
  const gates = output === 'full_glu' ? 2 : output.includes('glu') ? 1 : 0;

  const stepBy = (by: S4dTransition, { at }: State<S5Layout>, x: Float32Array, y: Float32Array): void => {
    s5Advance(at.hRe, at.hIm, x, matrices, by, drive);
    s5Output(at.hRe, at.hIm, 0, x, matrices, y);
    finish(y);
  };
  const step = (state: State<S5Layout>, x: Float32Array, y: Float32Array): void => stepBy(transition, state, x, y);
  const cell: Cell<S5Layout> = {
    kind: 's5',
    dIn: dModel,
    dOut: dModel,
    layout: { hRe: f32(modes), hIm: f32(modes) },
    contextRows: Infinity,
    flops: 8 * modes * dModel + 14 * modes + 3 * dModel + gates * 2 * dModel * dModel,
    init(state) {
      state.bytes.fill(0);
    },
    step,
    scan: scanBySteps({ dIn: dModel, dOut: dModel, step }),
    forms: { associative: associativeForm(config, matrices, transition, finish) },
    // Time without input: h decays by a^rows.
    skip(state, rows) {
      s4dDecay(state.at.hRe, state.at.hIm, transition, rows);
    },
  };
  if (method !== 'zoh') return cell;
  return {
    ...cell,
    stepAfter(state, x, y, dt) {
      if (dt !== 1) s4dDiscretise('zoh', params.step, params.lambdaRe, params.lambdaIm, dt, late);
      stepBy(dt === 1 ? transition : late, state, x, y);
    },
  };
}

const CHUNK_ROWS = 256; // bounds the tree: 32 bytes a row and mode

function associativeForm(
  { dModel, modes }: S5Config,
  matrices: S5Matrices,
  transition: S4dTransition,
  finish: (y: Float32Array) => void,
): ScanForm<S5Layout> {
  return {
    rtol: 1e-5, // another order of sums, and h between rows stays in float64
    scan({ at }, x, y, rows) {
      const room = Math.min(rows, CHUNK_ROWS) * modes;
      const [aRe, aIm, bRe, bIm] = [0, 0, 0, 0].map(() => new Float64Array(room)) as [
        Float64Array,
        Float64Array,
        Float64Array,
        Float64Array,
      ];
      const drive = new Float64Array(2);
      for (let from = 0; from < rows; from += CHUNK_ROWS) {
        const here = Math.min(CHUNK_ROWS, rows - from);
        for (let i = 0; i < here * modes; i++) {
          const p = i % modes;
          s5Drive(matrices, transition, x, (from + Math.floor(i / modes)) * dModel, dModel, p, drive);
          [aRe[i], aIm[i]] = [transition.aRe[p]!, transition.aIm[p]!];
          [bRe[i], bIm[i]] = [drive[0]!, drive[1]!];
        }
        s5Associative(aRe, aIm, bRe, bIm, at.hRe, at.hIm, here);
        for (let t = 0; t < here; t++) {
          const row = (from + t) * dModel;
          const out = y.subarray(row, row + dModel);
          s5Output(bRe, bIm, t * modes, x.subarray(row, row + dModel), matrices, out);
          finish(out);
        }
        at.hRe.set(bRe.subarray((here - 1) * modes, here * modes));
        at.hIm.set(bIm.subarray((here - 1) * modes, here * modes));
      }
    },
  };
}
