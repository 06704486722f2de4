// models/vad-ssm-onnx is written from models/vad-ssm by train/export_onnx.py: a failure here after a training means that
// the export has not been run again.

import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { sigmoid } from '../../base/math.ts';
import { openModel } from '../../weights/open-model.ts';
import { parseSafetensors, type RawTensor } from '../../weights/safetensors.ts';
import type { Model } from '../../weights/tensor.ts';
import { makeState } from '../state.ts';
import { onnxCell } from './index.ts';

const folder = (name: string): string => fileURLToPath(new URL(`../../../models/${name}/`, import.meta.url));

let model: Model;
let golden: Map<string, RawTensor>;
beforeAll(async () => {
  model = await openModel(folder('vad-ssm-onnx'));
  golden = parseSafetensors(await readFile(`${folder('vad-ssm')}golden.safetensors`));
});

/** The same graph read at its other output. */
function logits(): Model {
  const onnx = { ...(model.config.onnx as object), output: { name: 'logit', width: 1 } };
  return { ...model, config: { ...model.config, onnx } };
}

const values = (name: string): Float32Array => golden.get(name)!.data as Float32Array;
function worst(a: Float32Array, b: Float32Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
}

describe('the exported speech-activity graph', () => {
  it('gives the golden logits, row by row, and the golden states at the end', async () => {
    const cell = await onnxCell(logits());
    const state = makeState(cell.layout);
    cell.init(state);
    const x = values('out.features');
    const rows = x.length / cell.dIn;
    const y = new Float32Array(rows);
    for (let t = 0; t < rows; t++) {
      await cell.run(state, x.subarray(t * cell.dIn, (t + 1) * cell.dIn), y.subarray(t, t + 1));
    }
    expect(rows).toBe(200);
    expect(worst(y, values('out.logits'))).toBeLessThanOrEqual(1e-4);
    for (let layer = 0; layer < 3; layer++) {
      for (const kind of ['conv', 'ssm']) {
        const found = state.at[`state.past_state.${kind}.${layer}`]!;
        expect(worst(found, values(`state.${layer}.${kind}`))).toBeLessThanOrEqual(1e-4);
      }
    }
  });

  it('gives probabilities as its manifest says: the sigmoid of the logits', async () => {
    const [probability, logit] = await Promise.all([onnxCell(model), onnxCell(logits())]);
    expect(probability).toMatchObject({ dIn: 40, dOut: 1 });
    const x = values('out.features').subarray(0, 40);
    const [p, l] = [new Float32Array(1), new Float32Array(1)];
    for (const [cell, y] of [[probability, p] as const, [logit, l] as const]) {
      const state = makeState(cell.layout);
      cell.init(state);
      await cell.run(state, x, y);
    }
    expect(p[0]).toBeCloseTo(sigmoid(l[0]!), 6);
  });
});
