// What one lowered cell keeps in the kernel memory: its weights, copied there once, and its scratch. Given back when the
// object that uses it is collected. Streams' states are blocks of their own (cell/near-state.ts).

import { engineError } from '../../base/errors.ts';
import { allocate, type Block, kernelMemory, release } from './memory.ts';
import { packPanels } from './panels.ts';

/** Addresses of a dense layer as `matmul` takes it: w in panels, bias padded to whole panels (zeros without one). */
export interface NearMatrix {
  readonly w: number;
  readonly bias: number;
  readonly m: number;
  readonly k: number;
}

export interface Region {
  /** Zeroed scratch of n float32 values. */
  floats(n: number): number;
  /** A copy of the values, as float32. */
  keep(values: ArrayLike<number>): number;
  /** @param weight [m, k] row-major, as nn.Linear keeps it   @param bias [m] */
  matrix(weight: Float32Array, m: number, k: number, bias?: Float32Array): NearMatrix;
  /** n float32 values at an address of this memory. */
  view(address: number, n: number): Float32Array;
  /** Gives everything back when `owner` has been collected. */
  livesWith(owner: object): void;
}

const collected = new FinalizationRegistry<readonly Block[]>((blocks) => blocks.forEach(release));

/** @throws ERR_MEMORY_FULL from its methods when the kernel memory has no room left */
export function createRegion(): Region {
  const blocks: Block[] = [];
  const { buffer } = kernelMemory();

  function floats(n: number): number {
    const block = allocate(4 * n);
    if (!block) {
      throw engineError('ERR_MEMORY_FULL', `the kernel memory of ${buffer.byteLength / 1_048_576} MiB is full`, {
        expected: 'fewer models in one process, or more workers',
      });
    }
    blocks.push(block);
    new Float32Array(buffer, block.address, n).fill(0);
    return block.address;
  }
  function keep(values: ArrayLike<number>): number {
    const address = floats(values.length);
    new Float32Array(buffer, address, values.length).set(values);
    return address;
  }
  return {
    floats,
    keep,
    matrix(weight, m, k, bias) {
      const { panels, padded } = packPanels(weight, m, k, bias);
      return { w: keep(panels), bias: keep(padded), m, k };
    },
    view: (address, n) => new Float32Array(buffer, address, n),
    livesWith: (owner) => collected.register(owner, blocks),
  };
}
