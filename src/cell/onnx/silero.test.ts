import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { openSilero, SILERO_HOP_ROWS, SILERO_RATE_HZ } from '../../../test/helpers/silero.ts';
import type { AsyncCell } from '../cell.ts';
import { makeState, restoreState, type State } from '../state.ts';
import { onnxCell } from './index.ts';

const assets = new URL('../../../assets/', import.meta.url);

/** 16-bit mono samples behind the "data" chunk header, in [-1, 1). */
async function recording(): Promise<Float32Array> {
  const wav = await readFile(new URL('speech-in-noise.wav', assets));
  const data = wav.indexOf('data') + 8;
  return Float32Array.from({ length: (wav.length - data) >> 1 }, (_, i) => wav.readInt16LE(data + 2 * i) / 32768);
}

let cell: AsyncCell;
let audio: Float32Array;
beforeAll(async () => {
  [cell, audio] = await Promise.all([openSilero().then(onnxCell), recording()]);
});

async function probabilities(state: State, from: number, to: number): Promise<Float32Array> {
  const y = new Float32Array(to - from);
  for (let hop = from; hop < to; hop++) {
    const x = audio.subarray(hop * SILERO_HOP_ROWS, (hop + 1) * SILERO_HOP_ROWS);
    await cell.run(state, x, y.subarray(hop - from, hop - from + 1));
  }
  return y;
}
function fresh(): State {
  const state = makeState(cell.layout);
  cell.init(state);
  return state;
}

describe('onnxCell with Silero VAD', () => {
  it('takes 512 samples and keeps 64 more and two layers of state', () => {
    expect(cell).toMatchObject({ dIn: 512, dOut: 1, contextRows: Infinity });
    expect(cell.layout).toEqual({
      context: { dtype: 'f32', shape: [64, 1] },
      'state.state': { dtype: 'f32', shape: [2, 1, 128] },
    });
  });

  it('hears the speech of the bundled recording and not its noise', async () => {
    const segments = JSON.parse(await readFile(new URL('speech-in-noise.json', assets), 'utf8')) as [number, number][];
    const hops = Math.floor(audio.length / SILERO_HOP_ROWS);
    const y = await probabilities(fresh(), 0, hops);
    const [inside, outside]: [number[], number[]] = [[], []];
    for (const [hop, probability] of y.entries()) {
      const seconds = ((hop + 0.5) * SILERO_HOP_ROWS) / SILERO_RATE_HZ;
      const speech = segments.some(([from, to]) => seconds >= from && seconds < to);
      (speech ? inside : outside).push(probability);
    }
    const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(mean(inside)).toBeGreaterThan(0.8);
    expect(mean(outside)).toBeLessThan(0.2);
  });

  it('goes on from a snapshot to the bit, beside another stream', async () => {
    const whole = await probabilities(fresh(), 0, 60);
    const state = fresh();
    const first = await probabilities(state, 0, 50);
    const restored = makeState(cell.layout);
    restoreState(restored, state.bytes.slice());
    const [second] = await Promise.all([probabilities(restored, 50, 60), probabilities(fresh(), 100, 110)]);
    expect([...first, ...second]).toEqual([...whole]);
  });

  it('needs its context: without the 64 samples the answers differ', async () => {
    const state = fresh();
    await probabilities(state, 0, 50);
    const next = makeState(cell.layout);
    restoreState(next, state.bytes.slice());
    next.at.context!.fill(0);
    expect(await probabilities(next, 50, 51)).not.toEqual(await probabilities(state, 50, 51));
  });
});
