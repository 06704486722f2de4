// The section on folders made here: what it reports and what it refuses. Metrics: app/quality; lags: audio/denoisers.test.ts.

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createWavWriter } from '../../transport/audio/wav-writer.ts';
import { listPairs, readPair } from './audio/pairs.ts';
import { benchAudio } from './audio.ts';
import { bundledRecording } from './peers/recording.ts';
import type { BenchRecord } from './record.ts';
import { sectionText } from './report/table.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'audio-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function write(file: string, samples: Float32Array, rateHz = 16_000, width = 1): Promise<void> {
  await mkdir(join(folder, file, '..'), { recursive: true });
  const wav = await createWavWriter(join(folder, file), { rateHz, width, encoding: 'f32le' });
  await wav.write(samples);
  await wav.close();
}
async function run() {
  const records: BenchRecord[] = [];
  const notes: string[] = [];
  await benchAudio((record) => records.push(record), {
    options: { data: folder },
    note: (text) => notes.push(text),
  });
  expect(new Set(records.map(({ name }) => name)).size).toBe(records.length);
  for (const { name, value } of records) expect(Number.isFinite(value), name).toBe(true);
  return { records, notes, by: (name: string) => records.find((record) => record.name === name)! };
}
const tone = (rows: number, step: number) => Float32Array.from({ length: rows }, (_, i) => 0.4 * Math.sin(step * i));
/** Some seconds of speech, and the same in noise. */
async function speech(seconds: number, gain: number) {
  const clean = (await bundledRecording()).samples.slice(0, 16_000 * seconds);
  let seed = 5;
  const noisy = clean.map((value) => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) | 0;
    return value + (gain * seed) / 2 ** 32;
  });
  return { clean, noisy };
}

describe('pairs', () => {
  it('are files of equal names, whatever their rate and channels', async () => {
    const mono = tone(48_000, 0.02);
    await write(
      'noisy/a.wav',
      Float32Array.from({ length: 96_000 }, (_, i) => (i % 2 === 0 ? mono[i >> 1]! : 0)),
      48_000,
      2,
    );
    await write('clean/a.wav', tone(17_000, 0.06));
    const pairs = await listPairs(folder);
    expect(pairs).toHaveLength(1);
    expect(pairs[0]).not.toHaveProperty('snr');
    const { noisy, clean } = await readPair(pairs[0]!);
    expect([noisy.length, clean.length]).toEqual([16_000, 16_000]);
    for (let i = 200; i < 15_800; i++) expect(noisy[i]).toBeCloseTo(clean[i]!, 3);
  });

  it('are named with their SNR where there is a list', async () => {
    await writeFile(join(folder, 'denoise.jsonl'), '{"id": "7", "snr": -5, "noise": "rain"}\n{"id": "8", "snr": 10}\n');
    expect((await listPairs(folder)).map(({ id, snr }) => [id, snr])).toEqual([
      ['7', -5],
      ['8', 10],
    ]);
  });

  it('must be pairs', async () => {
    await write('noisy/a.wav', tone(16_000, 0.1));
    await expect(listPairs(folder)).rejects.toMatchObject({ code: 'ERR_FILE_NOT_FOUND' });
  });
});

describe('the section', () => {
  it('asks for a folder, and for something in it', async () => {
    const context = { options: {}, note: () => undefined };
    await expect(benchAudio(() => undefined, context)).rejects.toMatchObject({ code: 'ERR_USAGE' });
    await expect(run()).rejects.toMatchObject({ code: 'ERR_USAGE' });
  });

  it('scores everybody on every band and overall, with intervals, and difference to RNNoise', async () => {
    // A wav by its first bytes, whatever it is called: files are known by what is in them.
    const list = [
      ['a', 0, 0.3],
      ['b', 10, 0.05],
    ] as const;
    for (const [id, , gain] of list) {
      const { clean, noisy } = await speech(3, gain);
      await write(`clean/${id}.flac`, clean);
      await write(`noisy/${id}.flac`, noisy);
    }
    await writeFile(join(folder, 'denoise.jsonl'), list.map(([id, snr]) => JSON.stringify({ id, snr })).join('\n'));
    const { records, notes, by } = await run();
    for (const band of ['SNR 0 dB', 'SNR 10 dB', 'all 2']) {
      for (const metric of ['STOI', 'SI-SDR', 'log-spectral distance']) {
        const [noisy, rnnoise] = [by(`noisy, ${band}, ${metric}`), by(`RNNoise, ${band}, ${metric}`)];
        expect(noisy).toMatchObject({ section: 'audio', baseline: 'RNNoise' });
        expect(noisy.difference).toBeCloseTo(noisy.value - rnnoise.value, 9);
        expect(rnnoise).not.toHaveProperty('baseline');
        expect(noisy.value >= noisy.interval![0] && noisy.value <= noisy.interval![1]).toBe(true);
      }
    }
    expect(by('noisy, SNR 0 dB, SI-SDR').value).toBeLessThan(by('noisy, SNR 10 dB, SI-SDR').value - 10);
    expect(by('RNNoise, SNR 0 dB, SI-SDR').value).not.toBe(by('noisy, SNR 0 dB, SI-SDR').value);
    expect(by('RNNoise, cost')).toMatchObject({ unit: 'CPU s/s of audio' });
    expect(by('RNNoise, latency').value).toBe(20);
    expect(notes).toContain('DNSMOS is left out: no dnsmos_sig_bak_ovr.onnx in a --peers folder');
    const text = sectionText({ name: 'audio', records, notes });
    expect(text).toMatch(/noisy, all 2, STOI .* of 1 +95 %: \S+ \.\. \S+ +\S+ to RNNoise \(95 %: /);
  });

  it('scores detectors on labelled scenes', async () => {
    const { clean } = await speech(8, 0);
    const scene = new Float32Array(16_000 * 12);
    for (let i = 0; i < scene.length; i++) scene[i] = 1e-3 * Math.sin(0.3 * i * (i % 7));
    for (let i = 0; i < clean.length; i++) scene[32_000 + i]! += clean[i]!;
    await write('vad/s.flac', scene);
    await writeFile(join(folder, 'vad.jsonl'), JSON.stringify({ id: 's', speech: [[2, 10]], snr: 20 }));
    const { by } = await run();
    for (const name of ['Silero VAD', 'vad ssm', 'vad attention']) {
      expect(by(`${name}, SNR 20 dB, ROC AUC`).value).toBeGreaterThan(0.5);
      expect(by(`${name}, all scenes, ROC AUC`).value).toBe(by(`${name}, SNR 20 dB, ROC AUC`).value);
      expect(by(`${name}, utterances missed`).value).toBe(0);
      expect(by(`${name}, speech is noticed after`).unit).toBe('ms');
      expect(by(`${name}, false alarms in noise alone`).unit).toBe('a minute');
    }
    const [ours, silero] = [by('vad ssm, all scenes, ROC AUC'), by('Silero VAD, all scenes, ROC AUC')];
    expect(ours).toMatchObject({ baseline: 'Silero VAD', difference: ours.value - silero.value });
    expect(by('vad ssm, cost').ratio).toBeGreaterThan(0);
  });
});
