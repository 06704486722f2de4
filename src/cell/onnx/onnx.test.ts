import { describe, expect, it } from 'vitest';
import type { Model } from '../../weights/tensor.ts';
import { noiseRows } from '../laws.ts';
import { makeState } from '../state.ts';
import { onnxCell, sampleAsyncCell } from './index.ts';
import { sampleModel, sampleWeights } from './sample.ts';

/** The recurrence of sample.ts in float64. */
function naive(seed: number, x: Float32Array, rows: number): number[] {
  const { a, W, V } = sampleWeights(seed);
  const h = [0, 0, 0, 0];
  const y: number[] = [];
  for (let t = 0; t < rows; t++) {
    for (let n = 0; n < 4; n++) {
      h[n]! *= a[n]!;
      for (let i = 0; i < 6; i++) h[n]! += (x[(t - 1) * 3 + i] ?? 0) * W[i * 4 + n]!;
    }
    for (let j = 0; j < 2; j++) y.push(0.5 * h.reduce((sum, value, n) => sum + value * V[n * 2 + j]!, 0));
  }
  return y;
}

/** The sample with another value at `path` of its manifest; undefined takes the field away. */
function withManifest(path: string, value: unknown): Model {
  const model = sampleModel(1);
  const config = structuredClone(model.config) as { onnx: Record<string, unknown> };
  const keys = path.split('.');
  let at = config.onnx;
  for (const key of keys.slice(0, -1)) at = at[key] as Record<string, unknown>;
  at[keys.at(-1)!] = value;
  return { ...model, config };
}
const refusal = (model: Model) =>
  onnxCell(model).then(
    () => 'accepted',
    (error: { code: string; message: string; expected: string }) =>
      `${error.code} ${error.message} | ${error.expected}`,
  );

describe('onnxCell', () => {
  it('feeds context, state and constants as the manifest says', async () => {
    for (const seed of [1, 2]) {
      const cell = await sampleAsyncCell(seed);
      expect(cell).toMatchObject({ kind: 'onnx', dIn: 3, dOut: 2, contextRows: Infinity });
      const state = makeState(cell.layout);
      cell.init(state);
      const x = noiseRows(seed, 40, 3);
      const expected = naive(seed, x, 40);
      for (let t = 0; t < 40; t++) {
        const y = new Float32Array(2);
        await cell.run(state, x.subarray(t * 3, t * 3 + 3), y);
        expect(y[0]).toBeCloseTo(expected[t * 2]!, 5);
        expect(y[1]).toBeCloseTo(expected[t * 2 + 1]!, 5);
      }
      expect(state.at.context).toEqual(x.slice(-3));
    }
  });

  it('keeps context and state tensors as float32 slots', async () => {
    const { layout } = await sampleAsyncCell(1);
    expect(layout).toEqual({
      context: { dtype: 'f32', shape: [1, 3] },
      'state.h': { dtype: 'f32', shape: [1, 4] },
    });
  });

  it('has finite reach without state tensors', async () => {
    const { constants } = sampleModel(1).config.onnx as { constants: object[] };
    const zero = { name: 'h', dtype: 'float32', value: 0, shape: [1, 4] };
    const model = withManifest('constants', [...constants, zero]);
    (model.config.onnx as { states?: unknown }).states = undefined;
    const cell = await onnxCell(model);
    expect(cell.contextRows).toBe(2);
    expect(Object.keys(cell.layout)).toEqual(['context']);
  });

  it('refuses a row of another width and leaves the state as it was', async () => {
    const cell = await sampleAsyncCell(1);
    const state = makeState(cell.layout);
    cell.init(state);
    await cell.run(state, Float32Array.of(1, 2, 3), new Float32Array(2));
    const before = state.bytes.slice();
    await expect(cell.run(state, new Float32Array(3), new Float32Array(1))).rejects.toMatchObject({
      code: 'ERR_INVARIANT',
    });
    expect(state.bytes).toEqual(before);
  });

  it('refuses a graph that is no ONNX and a model without one', async () => {
    const { onnx: _onnx, ...without } = sampleModel(1);
    expect(await refusal(without)).toMatch(/^ERR_WEIGHTS_MISSING/);
    expect(await refusal({ ...without, onnx: new Uint8Array(10) })).toMatch(/^ERR_ONNX_MODEL .*cannot be loaded/);
  });

  it.each<[string, unknown, string]>([
    ['input.name', 'audio', 'no input audio | one of: x, h, gain'],
    ['output.name', 'p', 'no output p | one of: y, h_next'],
    ['states.0.in', 's', 'no input s | one of: x, h, gain'],
    ['states.0.out', 's', 'no output s | one of: y, h_next'],
    ['states.0.shape', [1, 5], 'input h of the graph is float32 [batch, 4] | float32 [1, 5]'],
    ['input.shape', [6], 'input x of the graph is float32 [batch, 6] | float32 [6]'],
    ['constants.0.dtype', 'int64', 'input gain of the graph is float32 [1] | int64 [1]'],
    ['output.width', 3, 'output y of the graph is float32 [batch, 2] | float32 of 3 elements'],
    ['constants', [], 'has an input gain that the manifest does not mention'],
  ])('refuses a manifest whose %s disagrees with the graph', async (path, value, message) => {
    const model = withManifest(path, value);
    if (value === 'int64') (model.config.onnx as { constants: { value: number }[] }).constants[0]!.value = 1;
    const said = await refusal(model);
    expect(said).toMatch(/^ERR_ONNX_MODEL/);
    expect(said).toContain(message);
  });

  it.each<[string, unknown, string]>([
    ['input', [], 'onnx.input is []'],
    ['input.name', '', 'onnx.input.name is ""'],
    ['input.shape', [1, 7], 'onnx.input.shape is [1,7]'],
    ['input.shape', [1, 'n'], 'onnx.input.shape[1] is "n"'],
    ['input.rows', 0.5, 'onnx.input.rows is 0.5'],
    ['input.width', '3', 'onnx.input.width is "3"'],
    ['input.context', -1, 'onnx.input.context is -1'],
    ['output.width', undefined, 'onnx.output.width is undefined'],
    ['states', {}, 'onnx.states is {}'],
    ['states', [null], 'onnx.states[0] is null'],
    ['states.0.shape', undefined, 'onnx.states[0].shape is undefined'],
    ['constants.0.dtype', 'float16', 'onnx.constants[0].dtype is "float16"'],
    ['constants.0.value', null, 'onnx.constants[0].value is null'],
    ['constants.0', { name: 'gain', dtype: 'int64', value: 0.5 }, 'onnx.constants[0].value is 0.5'],
    ['batch', 0, 'onnx.batch is 0'],
    ['batch', 257, 'onnx.batch is 257'],
    ['states.0.in', 'x', 'the input name is "x"'],
    ['states.0.out', 'y', 'the output name is "y"'],
  ])('names what is wrong with %s = %j', async (path, value, message) => {
    const said = await refusal(withManifest(path, value));
    expect(said).toMatch(/^ERR_CONFIG_INVALID/);
    expect(said).toContain(message);
  });

  it('refuses a config.json without a manifest', async () => {
    expect(await refusal({ ...sampleModel(1), config: { model_type: 'mamba2' } })).toMatch(
      /^ERR_CONFIG_INVALID onnx is/,
    );
  });
});
