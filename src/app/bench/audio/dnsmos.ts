// DNSMOS P.835 (Reddy, Gopal & Cutler 2022, 2110.01763): a network's estimate of what listeners would say of speech (SIG),
// background (BAK) and the whole (OVRL), 1 to 5, without a reference. Windows and polynomials as the project's own script has
// them, not the personalized ones. The network is dnsmos_sig_bak_ovr.onnx of the DNS Challenge, CC BY 4.0, no part of this package.

import { readFile } from 'node:fs/promises';
import { openGraph } from '../peers/onnx-graph.ts';

export interface Opinion {
  readonly sig: number;
  readonly bak: number;
  readonly ovrl: number;
}

const RATE_HZ = 16_000;
const INPUT_SECONDS = 9.01;
const INPUT_ROWS = 144_160;

/** @throws ERR_ONNX_MODEL for a file that is another graph */
export async function openDnsmos(file: string): Promise<(samples: Float32Array) => Promise<Opinion>> {
  const { start } = await openGraph(await readFile(file), {
    input: { name: 'input_1', shape: [1, INPUT_ROWS], width: INPUT_ROWS },
    output: { name: 'Identity:0', width: 3 },
    states: [],
  });
  const run = start();
  return (samples) => opinionOf(samples, run);
}

/** samples at 16 kHz -> means over windows of 9.01 s, a second apart. `network`: [144160] -> raw [SIG, BAK, OVRL]. */
export async function opinionOf(
  samples: Float32Array,
  network: (window: Float32Array) => Promise<ArrayLike<number>>,
): Promise<Opinion> {
  const audio = repeated(samples);
  const windows = Math.trunc(Math.floor(audio.length / RATE_HZ) - INPUT_SECONDS) + 1;
  let [sig, bak, ovrl] = [0, 0, 0];
  for (let i = 0; i < windows; i++) {
    const window = audio.subarray(i * RATE_HZ, i * RATE_HZ + INPUT_ROWS);
    const raw = await network(window);
    sig += polynomial(raw[0]!, -0.08397278, 1.22083953, 0.0052439);
    bak += polynomial(raw[1]!, -0.13166888, 1.60915514, -0.39604546);
    ovrl += polynomial(raw[2]!, -0.06766283, 1.11546468, 0.04602535);
  }
  return { sig: sig / windows, bak: bak / windows, ovrl: ovrl / windows };
}

const polynomial = (x: number, square: number, linear: number, constant: number): number =>
  square * x * x + linear * x + constant;

/** Doubled until a window is full. */
function repeated(samples: Float32Array): Float32Array {
  let audio = samples;
  while (audio.length < INPUT_ROWS) {
    const twice = new Float32Array(2 * audio.length);
    twice.set(audio);
    twice.set(audio, audio.length);
    audio = twice;
  }
  return audio;
}
