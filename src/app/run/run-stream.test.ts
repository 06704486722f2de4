// A stream from a file through a real session: how it is cut, stopped, resumed and held back changes no result.

import { beforeAll, describe, expect, it } from 'vitest';
import type { LoadedPipeline } from '../../pipeline/connect.ts';
import { openPipelineOrFile } from '../open-pipeline.ts';
import { openSource } from '../source/open-source.ts';
import type { Source } from '../source/source.ts';
import { runStream, type StreamRun } from './run-stream.ts';

let loaded: LoadedPipeline;
let source: Source;
beforeAll(async () => {
  loaded = await openPipelineOrFile('vad', {});
  source = await openSource('assets/speech-in-noise.wav');
});
const run = (more: Partial<StreamRun> = {}) => runStream({ loaded, source, onOutput: () => undefined, ...more });

describe('runStream', () => {
  it('gives one digest for any size of pieces', async () => {
    const { summary } = await run();
    expect(summary).toMatchObject({ offset: 192_000, results: 1200 });
    for (const pieceHops of [1, 7, 64, 4096]) expect((await run({ pieceHops })).summary).toEqual(summary);
  });

  it('feeds a file in large pieces and a live source hop by hop', async () => {
    const hops = async (from: Source) => {
      const seen: number[] = [];
      await run({ source: from, untilRow: 40_000, onChunk: (chunk) => seen.push(chunk.rows.length / 160) });
      return Math.max(...seen);
    };
    expect(await hops(source)).toBeGreaterThan(64);
    expect(await hops({ ...source, live: true })).toBe(1);
  });

  it('stops at a signal, and goes on from there with the same digest, without reading what lies before', async () => {
    const whole = await run();
    const abort = new AbortController();
    const first = await run({ signal: abort.signal, onChunk: ({ at }) => at > 50_000 && abort.abort() });
    expect(first.ended).toBe(false);
    expect(first.summary.offset).toBeGreaterThan(50_000);
    expect(first.summary.offset).toBeLessThan(150_000);
    const asked: number[] = [];
    const seeking: Source = {
      ...source,
      blocks: () => {
        throw new Error('read from the start');
      },
      blocksFrom: (row) => {
        asked.push(row);
        return source.blocksFrom!(row);
      },
    };
    const second = await run({ source: seeking, resume: first.snapshot });
    expect(asked).toEqual([first.summary.offset]);
    expect(second.ended).toBe(true);
    expect(second.summary).toEqual(whole.summary);
    const { blocksFrom: _, ...plain } = source;
    expect((await run({ source: plain, resume: first.snapshot })).summary).toEqual(whole.summary);
  });

  it('reads no further while its reader is behind', async () => {
    let read = 0;
    const counted: Source = {
      ...source,
      async *blocks() {
        for await (const block of source.blocks()) {
          read++;
          yield block;
        }
      },
    };
    let letGo: () => void = () => undefined;
    const stuck = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    const running = run({ source: counted, drained: () => stuck });
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setTimeout(resolve, 1));
    expect(read).toBe(1);
    letGo();
    await running;
    expect(read).toBeGreaterThan(10);
  });

  it('lets timers run between the pieces of a file that is all in memory', async () => {
    const whole = new Float32Array(192_000);
    const memory: Source = {
      ...source,
      async *blocks() {
        yield { rows: whole };
      },
    };
    let turns = 0;
    let over = false;
    const count = (): void => {
      turns++;
      if (!over) setImmediate(count);
    };
    setImmediate(count);
    await run({ source: memory, pieceHops: 10 });
    over = true;
    expect(turns).toBeGreaterThan(50);
  });
});
