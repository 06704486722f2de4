// The public door of every cell kind, found by existing, and the heap as the law of constant size looks at it.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { AsyncCell, Cell } from '../../src/cell/cell.ts';

declare global {
  interface ImportMeta {
    glob(pattern: string, options: { eager: true }): Record<string, unknown>;
  }
}

export interface Door {
  readonly sampleCell?: (seed: number) => Cell;
  readonly sampleAsyncCell?: (seed: number) => AsyncCell | Promise<AsyncCell>;
  readonly naiveScan?: (seed: number, x: Float32Array, rows: number) => Float64Array;
}

export const doors = Object.entries(import.meta.glob('../../src/cell/*/index.ts', { eager: true })).map(
  ([path, door]) => [path.split('/').at(-2)!, door as Door & Record<string, unknown>] as const,
);

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
/** Bytes in use after a collection, array buffers included. */
export const heapUsed = (): number => {
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
};
