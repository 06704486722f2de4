// Streams of one model beside each other: order, batches, isolation, failures, and an event loop that stays free.

import { once } from 'node:events';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { gatherModel, longModel, softplusModel } from '../../../test/helpers/onnx-graphs.ts';
import { onnxOnMainThread } from '../../../test/helpers/onnx-on-main-thread.ts';
import { noiseRows } from '../laws.ts';
import { makeState, restoreState, type State } from '../state.ts';
import { type OnnxCell, onnxCell, sampleAsyncCell } from './index.ts';
import { sampleModel } from './sample.ts';
import { threadCount } from './worker-threads.ts';

const workers: Worker[] = [];
const exited = new Set<Worker>();
process.on('worker', (worker) => {
  workers.push(worker);
  worker.once('exit', () => exited.add(worker));
});
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

function fresh(cell: Pick<OnnxCell, 'layout' | 'init'>): State<OnnxCell['layout']> {
  const state = makeState(cell.layout);
  cell.init(state);
  return state;
}
async function runAll(cell: Pick<OnnxCell, 'layout' | 'init' | 'run' | 'dIn' | 'dOut'>, x: Float32Array) {
  const rows = x.length / cell.dIn;
  const y = new Float32Array(rows * cell.dOut);
  const state = fresh(cell);
  for (let t = 0; t < rows; t++) {
    await cell.run(state, x.subarray(t * cell.dIn, (t + 1) * cell.dIn), y.subarray(t * cell.dOut, (t + 1) * cell.dOut));
  }
  return { y, state };
}
const since = (cell: OnnxCell) => {
  const { rows, batches } = cell.counts();
  return () => ({ rows: cell.counts().rows - rows, batches: cell.counts().batches - batches });
};

describe('streams that share a session', () => {
  it('go in batches and answer what the graph answers on the main thread, to the bit', async () => {
    const cell = await sampleAsyncCell(2);
    const alone = await onnxOnMainThread(sampleModel(2));
    expect(cell.batching).toEqual({ unit: 1, max: 16 });
    const counted = since(cell);
    const inputs = Array.from({ length: 40 }, (_, seed) => noiseRows(seed, 20, cell.dIn));
    const together = await Promise.all(inputs.map((x) => runAll(cell, x)));
    for (const [i, x] of inputs.entries()) {
      const { y, state } = await runAll(alone, x);
      expect(together[i]!.y).toEqual(y);
      expect(together[i]!.state.bytes).toEqual(state.bytes);
    }
    // Whoever was answered is ready again before the next batch goes: 16 rows each time.
    expect(counted()).toEqual({ rows: 800, batches: 50 });
    expect(cell.counts().largest).toBe(16);
  });

  it('share it between cells of the same model, and not with another model', async () => {
    const [cell, same, other] = await Promise.all([sampleAsyncCell(2), sampleAsyncCell(2), sampleAsyncCell(3)]);
    const [counted, elsewhere] = [since(cell), since(other)];
    await Promise.all([cell, same].map((each) => each.run(fresh(each), new Float32Array(3), new Float32Array(2))));
    expect(counted()).toEqual({ rows: 2, batches: 1 });
    expect(elsewhere()).toEqual({ rows: 0, batches: 0 });
    expect(threadCount()).toBe(1);
  });

  it('are answered in the order in which their rows came', async () => {
    const model = sampleModel(4);
    (model.config.onnx as { batch: number }).batch = 2;
    const cell = await onnxCell(model);
    const counted = since(cell);
    const order: number[] = [];
    const [x, y] = [new Float32Array(3), new Float32Array(2)];
    await Promise.all(Array.from({ length: 9 }, (_, i) => cell.run(fresh(cell), x, y).then(() => order.push(i))));
    expect(order).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect(counted()).toEqual({ rows: 9, batches: 5 });
  });

  it('refuse a second row of a stream that has one in flight', async () => {
    const cell = await sampleAsyncCell(2);
    const state = fresh(cell);
    const [x, y] = [new Float32Array(3), new Float32Array(2)];
    const first = cell.run(state, x, y);
    await expect(cell.run(state, x, y)).rejects.toMatchObject({ code: 'ERR_INVARIANT' });
    await first;
    await cell.run(state, x, y);
  });

  it('can be copied while others are in flight, and go on from the copy to the bit', async () => {
    const cell = await sampleAsyncCell(2);
    const x = noiseRows(5, 20, 3);
    const whole = await runAll(cell, x);
    const { state } = await runAll(cell, x.subarray(0, 30));
    let running = true;
    const others = Promise.all([1, 2, 3].map((seed) => runAll(cell, noiseRows(seed, 200, 3)))).then(() => {
      running = false;
    });
    const snapshot = state.bytes.slice();
    const restored = makeState(cell.layout);
    restoreState(restored, snapshot);
    for (let t = 10; t < 20; t++) await cell.run(restored, x.subarray(t * 3, (t + 1) * 3), new Float32Array(2));
    expect(running).toBe(true);
    expect(state.bytes).toEqual(snapshot);
    expect(restored.bytes).toEqual(whole.state.bytes);
    await others;
  });

  it.each([5, 6, 7])('keep their bytes whoever else is ready, with Softplus over %i', async (width) => {
    const cell = await onnxCell(softplusModel(width));
    const x = noiseRows(9, 40, width).map((value) => 6 * value);
    const alone = await runAll(cell, x);
    expect(cell.batching.max).toBe(16);
    for (const others of [1, 2, 4, 10]) {
      const inputs = [...Array.from({ length: others }, (_, seed) => noiseRows(seed, 40, width)), x];
      const counted = since(cell);
      const together = await Promise.all(inputs.map((input) => runAll(cell, input)));
      expect(together.at(-1)!.y).toEqual(alone.y);
      expect(counted().batches).toBeLessThan(counted().rows);
    }
  });
});

describe('what goes wrong', () => {
  it('fails the row that the graph cannot take, not its neighbours, not another model', async () => {
    const [cell, other] = await Promise.all([onnxCell(gatherModel()), sampleAsyncCell(2)]);
    const streams = [3, 1000, 5].map((index) => ({
      state: fresh(cell),
      x: Float32Array.of(index),
      y: Float32Array.of(-1),
    }));
    const beside = runAll(other, noiseRows(1, 5, 3));
    const ends = await Promise.allSettled(streams.map(({ state, x, y }) => cell.run(state, x, y)));
    expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(ends[1]).toMatchObject({
      reason: { code: 'ERR_ONNX_MODEL', message: expect.stringContaining('the graph failed') },
    });
    expect(streams.map(({ y }) => y[0])).toEqual([30, -1, 50]);
    expect(streams.map(({ state }) => state.at['state.last']![0])).toEqual([3, 0, 5]);
    expect((await beside).y.every(Number.isFinite)).toBe(true);
  });

  it('fails the rows of a thread that died, and starts another for the next', async () => {
    const cell = await sampleAsyncCell(2);
    const whole = await runAll(cell, noiseRows(6, 2, 3));
    const state = fresh(cell);
    const x = noiseRows(6, 2, 3);
    await cell.run(state, x.subarray(0, 3), new Float32Array(2));
    const before = state.bytes.slice();
    const worker = workers.at(-1)!;
    const ended = once(worker, 'exit').catch(() => undefined); // it ends with an error event, which is the point
    worker.postMessage(null); // no request at all: it throws outside any answer
    const rows = [
      cell.run(state, x.subarray(3), new Float32Array(2)),
      cell.run(fresh(cell), x.subarray(0, 3), new Float32Array(2)),
    ];
    for (const end of await Promise.allSettled(rows)) {
      expect(end).toMatchObject({
        status: 'rejected',
        reason: { code: 'ERR_ONNX_WORKER', message: expect.stringContaining('there is no thread') },
      });
    }
    await ended;
    expect(state.bytes).toEqual(before);
    const again = () =>
      cell.run(state, x.subarray(3), new Float32Array(2)).then(
        () => true,
        () => false,
      );
    await vi.waitUntil(again, { timeout: 20_000, interval: 100 }); // a thread that died young is not replaced at once
    expect(workers.at(-1)).not.toBe(worker);
    expect(state.bytes).toEqual(whole.state.bytes);
  });

  it('does not fail a row for a thread that died before the row came', async () => {
    const [cell, other] = await Promise.all([sampleAsyncCell(2), sampleAsyncCell(3)]);
    const worker = workers.at(-1)!;
    await new Promise((resolve) => setTimeout(resolve, 1100)); // it died old enough to be replaced at once
    const ended = once(worker, 'exit').catch(() => undefined);
    worker.postMessage(null);
    await ended;
    await vi.waitUntil(() => exited.has(worker));
    for (const each of [cell, other]) await each.run(fresh(each), new Float32Array(3), new Float32Array(2));
    expect(workers.at(-1)).not.toBe(worker);
  });

  describe('without shared memory', () => {
    afterEach(() => vi.unstubAllGlobals());
    it('says so', async () => {
      vi.stubGlobal('SharedArrayBuffer', undefined);
      await expect(onnxCell(sampleModel(5), { threads: 16 })).rejects.toMatchObject({
        code: 'ERR_ONNX_WORKER',
        message: expect.stringContaining('SharedArrayBuffer'),
      });
    });
  });

  it.each([0, 17, 1.5, Number.NaN])('refuses %d threads', async (threads) => {
    await expect(onnxCell(sampleModel(2), { threads })).rejects.toMatchObject({ code: 'ERR_CONFIG_INVALID' });
  });
});

describe('the threads', () => {
  it('leave the event loop free during a long inference', async () => {
    const model = longModel();
    const turnsDuring = async (cell: Pick<OnnxCell, 'layout' | 'init' | 'run' | 'dIn' | 'dOut'>) => {
      let [turns, running] = [0, true];
      const run = runAll(cell, new Float32Array(cell.dIn)).then(() => {
        running = false;
      });
      while (running) {
        turns++;
        await new Promise((resolve) => setImmediate(resolve));
      }
      await run;
      return turns;
    };
    const blocked = await turnsDuring(await onnxOnMainThread(model));
    const free = await turnsDuring(await onnxCell(model));
    expect(blocked).toBeLessThan(10);
    expect(free).toBeGreaterThan(100);
  });

  it('are as many as asked for when models come, and end with the last cell', async () => {
    let cells: OnnxCell[] = [await onnxCell(sampleModel(20)), await onnxCell(sampleModel(21), { threads: 2 })];
    cells.push(await onnxCell(sampleModel(22), { threads: 2 }));
    expect(threadCount()).toBe(2);
    expect((await runAll(cells[1]!, noiseRows(1, 3, 3))).y.every(Number.isFinite)).toBe(true);
    cells = [];
    await vi.waitUntil(
      () => {
        collect();
        return threadCount() === 0 && exited.size === workers.length;
      },
      { timeout: 30_000, interval: 50 },
    );
  });
});
