import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openSilero as openSileroModel } from '../../../../test/helpers/silero.ts';
import { onnxCell } from '../../../cell/onnx/index.ts';
import { makeState } from '../../../cell/state.ts';
import { ASSETS } from '../../paths.ts';
import { complexSpectrumPeer } from './complex-spectrum-peer.ts';
import { dtlnPeer } from './dtln.ts';
import { openPeers } from './open-peers.ts';
import { cleanedBy, type Peer, runPeer } from './peer.ts';
import { bundledRecording } from './recording.ts';
import { resampled } from './resampled.ts';
import { openRnnoise } from './rnnoise.ts';
import { openSilero } from './silero.ts';

const noise = (rows: number): Float32Array => {
  let seed = 7;
  return Float32Array.from({ length: rows }, () => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) | 0;
    return seed / 2 ** 32;
  });
};
const worst = (a: Float32Array, b: Float32Array): number => {
  expect(a.length).toBe(b.length);
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
};
/** A network that answers with what it was asked, times a factor. */
const network = (answer: (x: Float32Array) => Float32Array) => () => async (x: Float32Array) => answer(x);

describe('around the networks', () => {
  const frames = 40;

  it('a spectrum left alone comes back as the rows it was made of, a hop later', async () => {
    const peer = complexSpectrumPeer(
      'identity',
      network((x) => x),
    );
    const x = noise(frames * peer.frameRows);
    expect(worst(await cleanedBy(peer, x), x)).toBeLessThan(1e-6);
    const late = await runPeer(peer, x);
    expect(worst(late.subarray(peer.latencyRows), x.subarray(0, x.length - peer.latencyRows))).toBeLessThan(1e-6);
  });

  it('gives the network PyTorch spectra: a tone of 1 kHz is bin 32, its sine in the imaginary part', async () => {
    const spectra: Float32Array[] = [];
    const peer = complexSpectrumPeer(
      'spy',
      network((x) => {
        spectra.push(x.slice());
        return x;
      }),
    );
    // Row 0 of the third frame's window is row 256 of the tone: a whole number of its periods.
    await runPeer(
      peer,
      Float32Array.from({ length: 3 * 256 }, (_, i) => Math.sin((2 * Math.PI * 1000 * i) / 16_000)),
    );
    const magnitude = (k: number): number => Math.hypot(spectra[2]![2 * k]!, spectra[2]![2 * k + 1]!);
    expect(Math.max(...Array.from({ length: 257 }, (_, k) => magnitude(k)))).toBe(magnitude(32));
    // Half the sum of the window, sum of sin(pi i / 512) = 325.9.
    expect(spectra[2]![65]!).toBeCloseTo(-325.9 / 2, 0);
    expect(Math.abs(spectra[2]![64]!)).toBeLessThan(1);
  });

  it('DTLN adds four blocks over every row: a mask of ones and a quarter of each block give the rows back', async () => {
    const ones = network((x) => new Float32Array(x.length).fill(1));
    const quarter = network((x) => x.map((value) => value / 4));
    const peer = dtlnPeer(ones, quarter);
    const x = noise(frames * peer.frameRows);
    expect(worst(await cleanedBy(peer, x), x)).toBeLessThan(1e-6);
  });

  it('DTLN masks magnitudes and keeps the phase: a mask of a half is half the rows', async () => {
    const half = network((x) => new Float32Array(x.length).fill(0.5));
    const peer = dtlnPeer(
      half,
      network((x) => x.map((value) => value / 4)),
    );
    const x = noise(frames * peer.frameRows);
    const y = await cleanedBy(peer, x);
    expect(
      worst(
        y,
        x.map((value) => value / 2),
      ),
    ).toBeLessThan(1e-6);
  });
});

it('a recording at another rate has the same tone at the same times', () => {
  const tone = (rate: number) =>
    Float32Array.from({ length: rate / 2 }, (_, i) => Math.sin((2 * Math.PI * 440 * i) / rate));
  const up = resampled(tone(16_000), 16_000, 48_000);
  expect(worst(up.slice(2000, -2000), tone(48_000).slice(2000, -2000))).toBeLessThan(1e-3);
  expect(resampled(up, 48_000, 48_000)).toBe(up);
});

describe('on the bundled recording', () => {
  const speechOf = async (): Promise<[number, number][]> =>
    JSON.parse(await readFile(join(ASSETS, 'speech-in-noise.json'), 'utf8'));
  /** Mean of |values|^2 in dB, of the rows inside or outside the speech. */
  async function level(values: Float32Array, rowsPerSecond: number, inside: boolean): Promise<number> {
    const speech = await speechOf();
    const rows = values.filter((_, i) => {
      const t = i / rowsPerSecond;
      return t > 0.5 && inside === speech.some(([from, to]) => t > from - 0.1 && t < to + 0.1);
    });
    return 10 * Math.log10(rows.reduce((sum, value) => sum + value * value, 0) / rows.length);
  }

  it('RNNoise takes the noise and leaves the speech, 480 rows late', async () => {
    const peer = (await openRnnoise())!;
    const { samples, rateHz } = await bundledRecording();
    const x = resampled(samples, rateHz, peer.rateHz);
    const y = await cleanedBy(peer, x);
    expect(await level(y, 48_000, false)).toBeLessThan((await level(x, 48_000, false)) - 15);
    expect(await level(y, 48_000, true)).toBeGreaterThan((await level(x, 48_000, true)) - 3);
    const product = (lag: number): number =>
      x.subarray(96_000, 192_000).reduce((sum, value, i) => sum + value * y[96_000 + i + lag]!, 0);
    for (const lag of [-480, -24, 24, 480]) expect(product(0)).toBeGreaterThan(product(lag));
  });

  it('RNNoise hears every stream by itself', async () => {
    const peer = (await openRnnoise())!;
    const x = noise(4800);
    const alone = await runPeer(peer, x);
    const [a, b] = [peer.start(), peer.start()];
    const out = new Float32Array(4800);
    for (let at = 0; at < 4800; at += 480) {
      await b.process(x.subarray(0, 480));
      out.set(await a.process(x.subarray(at, at + 480)), at);
    }
    a.close();
    b.close();
    expect(worst(out, alone)).toBe(0);
  });

  it('Silero says what it says through cell/onnx, hop by hop', async () => {
    const samples = (await bundledRecording()).samples.subarray(0, 100 * 512);
    const p = await runPeer((await openSilero()) as Peer, samples);
    const cell = await onnxCell(await openSileroModel());
    const state = makeState(cell.layout);
    cell.init(state);
    const theirs = new Float32Array(100);
    for (let hop = 0; hop < 100; hop++) {
      await cell.run(state, samples.subarray(512 * hop, 512 * (hop + 1)), theirs.subarray(hop, hop + 1));
    }
    expect(worst(p, theirs)).toBeLessThan(1e-6);
  });

  it('Silero hears the speech', async () => {
    const peer = (await openSilero()) as Peer;
    const { samples } = await bundledRecording();
    const p = await runPeer(peer, samples);
    expect(peer).toMatchObject({ answers: 'speech', frameRows: 512, latencyRows: 0 });
    expect(await level(p, 16_000 / 512, true)).toBeGreaterThan((await level(p, 16_000 / 512, false)) + 6);
  });
});

describe('openPeers', () => {
  it('has RNNoise and Silero in a clone, and says who is left out without a folder', async () => {
    const { peers, leftOut } = await openPeers(undefined);
    expect(peers.map(({ name }) => name)).toEqual(['RNNoise', 'Silero VAD']);
    expect(leftOut).toEqual(['GTCRN, UL-UNAS, DTLN are left out: no --peers folder']);
  });

  it('names the files that a folder lacks, and a folder that is not there', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'peers-'));
    try {
      const { leftOut } = await openPeers(folder);
      expect(leftOut).toContain('DTLN is left out: no dtln_1.onnx, dtln_2.onnx in the --peers folder');
      await expect(openPeers(join(folder, 'none'))).rejects.toMatchObject({ code: 'ERR_FILE_NOT_FOUND' });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
