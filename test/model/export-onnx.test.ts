// Our own models as ONNX graphs, run by the real ONNX Runtime, against our own step: row by row, states included.

import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { onnxCell } from '../../src/cell/onnx/index.ts';
import { makeState } from '../../src/cell/state.ts';
import { exportOnnx } from '../../src/model/export/export-onnx.ts';
import { buildStack } from '../../src/pipeline/build-stack.ts';
import { modelFromBytes } from '../../src/weights/model-from-bytes.ts';
import { openModel } from '../../src/weights/open-model.ts';
import { ROOT } from '../arch/imports.ts';
import { readModelGolden } from '../helpers/golden-audio.ts';

const TOLERANCE = 1e-4;
const openExported = async (name: string) => {
  const model = await openModel(`${ROOT}/models/${name}`);
  const { onnx, config } = exportOnnx(model);
  const exported = modelFromBytes({
    name: `${name}-onnx`,
    config: new TextEncoder().encode(JSON.stringify(config)),
    onnx,
  });
  return { model, exported, onnx };
};
const worst = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  expect(a.length).toBe(b.length);
  return Array.from(a).reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
};

describe.each(['vad-ssm', 'vad-attention'])('%s as an ONNX step graph', (name) => {
  it('gives what our step gives, row by row, over more rows than the window', async () => {
    const { model, exported } = await openExported(name);
    const ours = buildStack(model);
    const theirs = await onnxCell(exported);
    const features = Float32Array.from((await readModelGolden(name))('out.features'));
    const [state, remote] = [makeState(ours.layout), makeState(theirs.layout)];
    ours.init(state);
    theirs.init(remote);
    const rows = features.length / ours.dIn;
    const [y, z] = [new Float32Array(rows), new Float32Array(rows)];
    for (let t = 0; t < rows; t++) {
      const x = features.subarray(t * ours.dIn, (t + 1) * ours.dIn);
      ours.step(state, x, y.subarray(t, t + 1));
      await theirs.run(remote, x, z.subarray(t, t + 1));
    }
    expect(rows).toBe(200);
    expect(worst(z, y)).toBeLessThan(TOLERANCE);
    if (name !== 'vad-ssm') return; // the ring of attention lies in another order
    for (const slot of Object.keys(ours.layout)) {
      expect(worst(remote.at[`state.past_state.${slot}`]!, state.at[slot]!)).toBeLessThan(TOLERANCE);
    }
  });

  it('takes a batch: rows of several streams at once, each as if alone', async () => {
    const { exported, onnx } = await openExported(name);
    const session = await InferenceSession.create(onnx, { intraOpNumThreads: 1 });
    const states = (exported.config.onnx as { states: { in: string; out: string; shape: number[] }[] }).states;
    const features = Float32Array.from((await readModelGolden(name))('out.features'));
    const run = async (batch: number, starts: readonly number[]) => {
      let carried: Map<string, Tensor> = new Map(
        states.map(({ in: key, shape }) => {
          const dims = [batch, ...shape.slice(1)];
          return [key, new Tensor('float32', new Float32Array(dims.reduce((a, b) => a * b)), dims)];
        }),
      );
      let y: Float32Array = new Float32Array(0);
      for (let t = 0; t < 5; t++) {
        const x = Float32Array.from(
          starts.flatMap((start) => [...features.subarray((start + t) * 40, (start + t + 1) * 40)]),
        );
        const out = await session.run({ x: new Tensor('float32', x, [batch, 40]), ...Object.fromEntries(carried) });
        carried = new Map(states.map(({ in: key, out: next }) => [key, out[next] as Tensor]));
        y = out.y!.data as Float32Array;
      }
      return y;
    };
    const together = await run(3, [0, 60, 120]);
    for (const [i, start] of [0, 60, 120].entries()) {
      expect(Math.abs(together[i]! - (await run(1, [start]))[0]!)).toBeLessThan(TOLERANCE);
    }
  });
});
