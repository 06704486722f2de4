// RNNoise (Valin 2018, 1709.08243, https://github.com/xiph/rnnoise, BSD) as npm's @echogarden/rnnoise-wasm: 48 kHz, frames of
// 480 rows, samples on the scale of int16. WebAssembly without SIMD; the model is inside.

import type { Peer, PeerStream } from './peer.ts';

const FRAME_ROWS = 480;
const INT16 = 32_768;
/** The overlap of its windows: where output and input correlate best (peers.test.ts). */
const LATENCY_ROWS = 480;

/** What Emscripten exports; HEAPF32 is another array after memory has grown. */
interface Rnnoise {
  readonly HEAPF32: Float32Array;
  _rnnoise_create(model: number): number;
  _rnnoise_destroy(state: number): void;
  _rnnoise_process_frame(state: number, out: number, input: number): number;
  _malloc(bytes: number): number;
  _free(pointer: number): void;
}

/** Undefined where the development dependency is not installed. */
export async function openRnnoise(): Promise<Peer | undefined> {
  let load: () => Promise<Rnnoise>;
  try {
    load = (await import('@echogarden/rnnoise-wasm')).default as () => Promise<Rnnoise>;
  } catch {
    return undefined;
  }
  const module = await load();
  return {
    name: 'RNNoise',
    rateHz: 48_000,
    frameRows: FRAME_ROWS,
    answers: 'audio',
    latencyRows: LATENCY_ROWS,
    start: () => startStream(module),
  };
}

function startStream(module: Rnnoise): PeerStream {
  const state = module._rnnoise_create(0);
  const pointer = module._malloc(4 * FRAME_ROWS);
  const at = pointer >>> 2;
  const out = new Float32Array(FRAME_ROWS);
  return {
    process(frame) {
      const memory = module.HEAPF32;
      for (let i = 0; i < FRAME_ROWS; i++) memory[at + i] = INT16 * frame[i]!;
      module._rnnoise_process_frame(state, pointer, pointer);
      for (let i = 0; i < FRAME_ROWS; i++) out[i] = memory[at + i]! / INT16;
      return out;
    },
    close() {
      module._rnnoise_destroy(state);
      module._free(pointer);
    },
  };
}
