import { Subject, type Subscription } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { gapOf, markOf, noise, RATE_HZ, rowsOf, seeded } from '../../../test/helpers/items.ts';
import { engineError } from '../../base/errors.ts';
import { micros, streamId } from '../../base/units.ts';
import type { AsyncCell } from '../../cell/cell.ts';
import { sampleAsyncCell } from '../../cell/onnx/index.ts';
import { f32, type Layout, makeState, restoreState, type State } from '../../cell/state.ts';
import type { Chunk, Item } from '../../item/item.ts';
import { ptsOf } from '../../item/timeline.ts';
import type { ScanOptions } from '../row-results.ts';
import { scanCellAsync } from './scan-cell-async.ts';

const SPAN = 160;
const settle = async (): Promise<void> => {
  for (let i = 0; i < 50; i++) await Promise.resolve();
};

/** h = 0.5 h + x, y = [h, 1 / x], each run held back until `release`: the test decides when an answer comes. */
function heldCell(skips: boolean) {
  const waiting: Array<() => void> = [];
  let running = 0;
  let runningMost = 0;
  const cell: AsyncCell<{ h: ReturnType<typeof f32> }> = {
    kind: 'held',
    dIn: 1,
    dOut: 2,
    layout: { h: f32(1) },
    contextRows: Infinity,
    init: ({ at }) => void at.h.fill(0),
    ...(skips && {
      skip: ({ at }: State<{ h: ReturnType<typeof f32> }>, rows: number) => void at.h.set([at.h[0]! / 2 ** rows]),
    }),
    async run({ at }, x, y) {
      runningMost = Math.max(runningMost, ++running);
      await new Promise<void>((resolve) => waiting.push(resolve));
      running--;
      if (x[0] === -1) throw engineError('ERR_ONNX_MODEL', 'the runtime failed');
      at.h[0] = 0.5 * at.h[0]! + x[0]!;
      y[0] = at.h[0]!;
      y[1] = 1 / x[0]!;
    },
  };
  return {
    cell,
    runningMost: () => runningMost,
    /** Lets `count` runs answer, one after the other. */
    async release(count: number): Promise<void> {
      for (let i = 0; i < count; i++) {
        expect(waiting).toHaveLength(1);
        waiting.shift()!();
        await settle();
      }
    },
    waiting: () => waiting.length,
  };
}

interface Stream {
  readonly input: Subject<Item>;
  readonly out: Item[];
  readonly arenas: Map<string, State>;
  readonly abort: AbortController;
  readonly subscription: Subscription;
  readonly busy: () => boolean;
  readonly idle: () => Promise<void>;
  readonly ended: () => string;
}

function open<L extends Layout>(
  cell: AsyncCell<L>,
  options: Partial<ScanOptions> = {},
  from?: Uint8Array,
  abort = new AbortController(),
): Stream {
  const arenas = new Map<string, State>();
  const input = new Subject<Item>();
  const out: Item[] = [];
  const work = new Set<Promise<unknown>>();
  let ended = 'open';
  const stage = scanCellAsync(cell, { spanRows: SPAN, rateHz: RATE_HZ, ...options });
  const subscription = stage({
    id: streamId('test'),
    clock: { now: () => micros(0) },
    signal: abort.signal,
    busy(promise) {
      work.add(promise);
      void promise.then(() => work.delete(promise));
    },
    state(slot, layout, init) {
      const state = makeState(layout);
      init(state);
      if (from) restoreState(state, from);
      arenas.set(slot, state);
      return state;
    },
  })(input).subscribe({
    next: (item) => out.push(item),
    error: (thrown: { code: string }) => {
      ended = thrown.code;
    },
    complete: () => {
      ended = 'complete';
    },
  });
  const idle = async (): Promise<void> => {
    while (work.size > 0) await Promise.all(work);
  };
  return { input, out, arenas, abort, subscription, busy: () => work.size > 0, idle, ended: () => ended };
}

function chunkAt(row: number, ...data: number[]): Chunk {
  const [from, to] = [row * SPAN, (row + data.length) * SPAN];
  return {
    kind: 'chunk',
    from,
    to,
    pts: ptsOf(from, RATE_HZ),
    rows: data.length,
    width: 1,
    data: Float32Array.from(data),
  };
}
const shape = (items: readonly Item[]): string[] =>
  items.map((item) => {
    if (item.kind === 'chunk') return `${item.from} ${[...item.data].join(' ')}`;
    return `${item.from} ${item.kind === 'gap' ? item.why : item.kind === 'mark' ? item.what : item.kind}`;
  });

describe('scanCellAsync', () => {
  it('holds everything behind a run under way and keeps the order', async () => {
    const held = heldCell(true);
    const { input, out } = open(held.cell);
    const items = [
      chunkAt(0, 1),
      gapOf(160, 320),
      chunkAt(2, 1),
      markOf('reset', 480),
      chunkAt(3, 1),
      markOf('end', 640),
    ];
    for (const item of items) input.next(item);
    await settle();
    expect(out).toEqual([]);
    await held.release(1);
    expect(shape(out)).toEqual(['0 1 1', '160 lost']);
    await held.release(2);
    expect(shape(out)).toEqual(['0 1 1', '160 lost', '320 1.25 1', '480 reset', '480 1 1', '640 end']);
    expect(held.runningMost()).toBe(1);
  });

  it('runs one row at a time and answers a chunk as a whole', async () => {
    const held = heldCell(true);
    const { input, out } = open(held.cell);
    input.next(chunkAt(0, 1, 2, 4));
    await held.release(2);
    expect(out).toEqual([]);
    await held.release(1);
    expect(shape(out)).toEqual(['0 1 1 2.5 0.5 5.25 0.25']);
    expect(out).toMatchObject([{ rows: 3, width: 2, to: 480, pts: 0 }]);
    expect(held.runningMost()).toBe(1);
  });

  it('is busy from the first row of a chunk until its results are out', async () => {
    const held = heldCell(true);
    const { input, out, busy } = open(held.cell);
    expect(busy()).toBe(false);
    input.next(chunkAt(0, 1, 1));
    expect(busy()).toBe(true);
    await held.release(1);
    expect(busy()).toBe(true);
    await held.release(1);
    expect(busy()).toBe(false);
    expect(out).toHaveLength(1);
    input.next(gapOf(320, 480));
    expect(busy()).toBe(false);
  });

  it('copies what waits: the sender may reuse its buffer', async () => {
    const held = heldCell(true);
    const { input, out } = open(held.cell);
    const data = Float32Array.of(1);
    input.next({ ...chunkAt(0, 1), data });
    data[0] = 2;
    input.next({ ...chunkAt(1, 2), data });
    data[0] = 99;
    await held.release(2);
    expect(shape(out)).toEqual(['0 1 1', '160 2.5 0.5']);
  });

  it('sends a failed run and a non-finite row as gaps, counts them, and starts anew', async () => {
    const held = heldCell(true);
    const codes: string[] = [];
    const { input, out } = open(held.cell, { onFault: (error) => codes.push(error.code) });
    input.next(chunkAt(0, 1, -1, 0, 1));
    await held.release(4);
    expect(shape(out)).toEqual(['0 1 1', '160 fault', '480 1 1']);
    expect(out.map(({ to, pts }) => [to, pts])).toEqual([
      [160, 0],
      [480, 10_000],
      [640, 30_000],
    ]);
    expect(codes).toEqual(['ERR_ONNX_MODEL', 'ERR_NON_FINITE_STATE']);
  });

  it('starts anew behind a gap when the cell cannot skip', async () => {
    const held = heldCell(false);
    const { input, out } = open(held.cell);
    for (const item of [chunkAt(0, 1), gapOf(160, 320), chunkAt(2, 1)]) input.next(item);
    await held.release(2);
    expect(shape(out)).toEqual(['0 1 1', '160 lost', '320 1 1']);
  });

  it.each(['abort', 'unsubscribe'] as const)('on %s lets the row under way end and starts no other', async (how) => {
    const held = heldCell(true);
    const { input, out, abort, subscription } = open(held.cell);
    input.next(chunkAt(0, 1, 1));
    input.next(chunkAt(2, 1));
    if (how === 'abort') abort.abort();
    else subscription.unsubscribe();
    await held.release(1);
    expect(held.waiting()).toBe(0);
    expect(out).toEqual([]);
    expect(input.observed).toBe(false);
  });

  it('does nothing for a stream that was aborted before it began', () => {
    const abort = new AbortController();
    abort.abort();
    const { input, arenas, ended } = open(heldCell(true).cell, {}, undefined, abort);
    expect(ended()).toBe('complete');
    expect(input.observed).toBe(false);
    expect(arenas.size).toBe(0);
  });

  it('passes the end of its source on after the last result', async () => {
    const held = heldCell(true);
    const { input, out, ended } = open(held.cell);
    input.next(chunkAt(0, 1));
    input.complete();
    expect(ended()).toBe('open');
    await held.release(1);
    expect(shape(out)).toEqual(['0 1 1']);
    expect(ended()).toBe('complete');
  });

  it('fails the stream on a chunk that is not whole rows', () => {
    const { input, ended } = open(heldCell(true).cell);
    input.next({ ...chunkAt(0, 1), to: 400 });
    expect(ended()).toBe('ERR_INVARIANT');
  });

  it('gives the same rows for any chunking and goes on from a snapshot to the bit', async () => {
    const random = seeded(3);
    const x = [...noise(24, random)];
    const whole = heldCell(true);
    const alone = open(whole.cell);
    alone.input.next(chunkAt(0, ...x));
    await whole.release(24);
    for (let run = 0; run < 20; run++) {
      const held = heldCell(true);
      let stream = open(held.cell);
      const out: Item[] = [];
      for (let at = 0; at < x.length; ) {
        const rows = Math.min(x.length - at, 1 + Math.floor(random() * 6));
        stream.input.next(chunkAt(at, ...x.slice(at, at + rows)));
        await held.release(rows);
        out.push(...stream.out.splice(0));
        if (random() < 0.5) stream = open(held.cell, {}, stream.arenas.get('held')!.bytes.slice());
        at += rows;
      }
      expect(rowsOf(out)).toEqual(rowsOf(alone.out));
    }
  });

  it('carries a real graph of the ONNX runtime as the cell alone does', async () => {
    const cell = await sampleAsyncCell(4);
    const [rows, x] = [40, noise(40 * cell.dIn, seeded(5))];
    const state = makeState(cell.layout);
    cell.init(state);
    const expected = new Float32Array(rows * cell.dOut);
    for (let t = 0; t < rows; t++) {
      const y = expected.subarray(t * cell.dOut, (t + 1) * cell.dOut);
      await cell.run(state, x.subarray(t * cell.dIn, (t + 1) * cell.dIn), y);
    }
    const { input, out, idle } = open(cell);
    for (let t = 0; t < rows; t += 8) {
      const data = x.slice(t * cell.dIn, (t + 8) * cell.dIn);
      const [from, to] = [t * SPAN, (t + 8) * SPAN];
      input.next({ kind: 'chunk', from, to, pts: ptsOf(from, RATE_HZ), rows: 8, width: cell.dIn, data });
    }
    await idle();
    expect(rowsOf(out)).toEqual(expected);
  });
});
