import { mkdtemp, open, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { joined } from '../../base/joined.ts';
import { BLOCK_FRAMES, type DecodedAudio } from './audio-file.ts';
import { decodeAudioFile } from './decode.ts';
import { createWavWriter } from './wav-writer.ts';

const GOLDEN = 'test/golden/audio';
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-audio-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function samplesOf(audio: DecodedAudio): Promise<Float32Array> {
  const blocks: Float32Array[] = [];
  for await (const block of audio.blocks()) blocks.push(block);
  return joined(blocks);
}

/** The sweep that the golden files hold, [frames, width]: 200 to 1500 Hz, channel c at 0.5 / (c + 1). */
function sweep(rateHz: number, seconds: number, width: number): Float32Array {
  const frames = Math.trunc(rateHz * seconds);
  return Float32Array.from({ length: frames * width }, (_, k) => {
    const t = Math.floor(k / width) / rateHz;
    return (0.5 * Math.sin(2 * Math.PI * (200 * t + (1300 / (2 * seconds)) * t * t))) / ((k % width) + 1);
  });
}

const largestDifference = (a: Float32Array, b: Float32Array) =>
  a.reduce((worst, value, i) => Math.max(worst, Math.abs(value - b[i]!)), 0);

async function writeWav(name: string, samples: Float32Array, encoding: 'pcm_s16le' | 'f32le', width = 1) {
  const path = join(folder, name);
  const writer = await createWavWriter(path, { rateHz: 11_025, width, encoding });
  for (let at = 0; at < samples.length; at += 999 * width) await writer.write(samples.subarray(at, at + 999 * width));
  await writer.close();
  return path;
}

/** A wav of two PCM samples of `bits`, with an odd-sized stranger chunk in front of the data. */
async function rawWav(name: string, codec: number, bits: number, data: Uint8Array, extensible = false) {
  const fmt = Buffer.alloc(extensible ? 40 : 16);
  fmt.writeUInt16LE(extensible ? 0xfffe : codec, 0);
  fmt.writeUInt16LE(1, 2);
  fmt.writeUInt32LE(8000, 4);
  fmt.writeUInt16LE(bits, 14);
  if (extensible) fmt.writeUInt16LE(codec, 24);
  const chunk = (id: string, body: Uint8Array) => {
    const head = Buffer.alloc(8);
    head.write(id, 'latin1');
    head.writeUInt32LE(body.length, 4);
    return Buffer.concat([head, body, Buffer.alloc(body.length & 1)]);
  };
  const body = [chunk('fmt ', fmt), chunk('LIST', Buffer.from('odd')), chunk('data', data)];
  const path = join(folder, name);
  await writeFile(path, Buffer.concat([Buffer.from('RIFF\0\0\0\0WAVE', 'latin1'), ...body]));
  return path;
}

describe('wav files', () => {
  it('come back bit by bit as 32-bit floats, in blocks, as often as one likes', async () => {
    const samples = sweep(11_025, 1, 2).map((v) => v * 3); // beyond full scale: floats are not clipped
    const audio = await decodeAudioFile(await writeWav('f32.wav', samples, 'f32le', 2));
    expect({ ...audio, blocks: 0 }).toEqual({ rateHz: 11_025, width: 2, frames: 11_025, blocks: 0 });
    expect(await samplesOf(audio)).toEqual(samples);
    expect(await samplesOf(audio)).toEqual(samples);
  });

  it('come back rounded and clipped as 16-bit integers, and unchanged from then on', async () => {
    const samples = sweep(11_025, 0.5, 1).map((v) => v * 2.2);
    const once = await samplesOf(await decodeAudioFile(await writeWav('s16.wav', samples, 'pcm_s16le')));
    const clipped = samples.map((v) => Math.max(-1, Math.min(32_767 / 32_768, v)));
    expect(largestDifference(once, clipped)).toBeLessThanOrEqual(0.5 / 32_768 + 1e-9);
    expect(await samplesOf(await decodeAudioFile(await writeWav('again.wav', once, 'pcm_s16le')))).toEqual(once);
  });

  it.each([
    [1, 8, [0x00, 0xff], [-1, 127 / 128]],
    [1, 16, [0x00, 0x80, 0xff, 0x7f], [-1, 32_767 / 32_768]],
    [1, 24, [0x00, 0x00, 0x80, 0xff, 0xff, 0x7f], [-1, 8_388_607 / 8_388_608]],
    [1, 32, [0, 0, 0, 0x80, 0, 0, 0, 0x40], [-1, 0.5]],
    [3, 64, [0, 0, 0, 0, 0, 0, 0xd0, 0xbf, 0, 0, 0, 0, 0, 0, 0xe0, 0x3f], [-0.25, 0.5]],
  ])('are read with codec %i and %i bits, plain and extensible', async (codec, bits, bytes, expected) => {
    for (const extensible of [false, true]) {
      const audio = await decodeAudioFile(await rawWav('raw.wav', codec, bits, Uint8Array.from(bytes), extensible));
      expect(audio).toMatchObject({ rateHz: 8000, width: 1, frames: 2 });
      expect(await samplesOf(audio)).toEqual(Float32Array.from(expected));
    }
  });

  it('of mu-law are left to the library', async () => {
    const audio = await decodeAudioFile(`${GOLDEN}/sweep-mono-8k.ulaw.wav`);
    expect(audio).toMatchObject({ rateHz: 8000, width: 1, frames: 800 });
    expect(largestDifference(await samplesOf(audio), sweep(8000, 0.1, 1))).toBeLessThan(0.02);
  });

  it('play to their end when the writer was killed or the copy cut short', async () => {
    const path = join(folder, 'killed.wav');
    const samples = sweep(11_025, 0.3, 1);
    const writer = await createWavWriter(path, { rateHz: 11_025, width: 1 });
    await writer.write(samples);
    expect((await decodeAudioFile(path)).frames).toBe(samples.length);
    await writer.close();
    await truncate(path, 44 + 2 * 1000 + 1);
    const audio = await decodeAudioFile(path);
    expect(audio.frames).toBe(1000);
    expect((await samplesOf(audio)).length).toBe(1000);
  });

  it('hold nothing: no samples, no blocks', async () => {
    const audio = await decodeAudioFile(await writeWav('empty.wav', new Float32Array(0), 'pcm_s16le'));
    expect(audio.frames).toBe(0);
    expect((await samplesOf(audio)).length).toBe(0);
  });
});

describe('compressed files', () => {
  it.each([
    ['sweep-mono-16k', 16_000, 1, 0.2],
    ['sweep-stereo-22k', 22_050, 2, 0.1],
  ])(
    '%s: flac comes back exactly, ogg nearly, mp3 with padding, all at their own rate',
    async (name, rateHz, width, s) => {
      const expected = sweep(rateHz, s, width);
      const frames = expected.length / width;
      const flac = await decodeAudioFile(`${GOLDEN}/${name}.flac`);
      expect(flac).toMatchObject({ rateHz, width, frames });
      expect(largestDifference(await samplesOf(flac), expected)).toBeLessThan(1 / 32_768);
      const ogg = await decodeAudioFile(`${GOLDEN}/${name}.ogg`);
      expect(ogg).toMatchObject({ rateHz, width, frames });
      expect(largestDifference(await samplesOf(ogg), expected)).toBeLessThan(0.1);
      const mp3 = await decodeAudioFile(`${GOLDEN}/${name}.mp3`);
      expect(mp3).toMatchObject({ rateHz, width });
      expect(mp3.frames).toBeGreaterThanOrEqual(frames);
      expect(mp3.frames).toBeLessThan(frames + 4 * 1152);
      const loudest = (await samplesOf(mp3)).reduce((peak, v) => Math.max(peak, Math.abs(v)), 0);
      expect(loudest).toBeGreaterThan(0.4);
    },
  );

  it('may have an ID3 tag in front', async () => {
    const tag = Buffer.concat([Buffer.from('ID3\x04\0\0\0\0\x01\x00', 'latin1'), Buffer.alloc(128)]);
    const path = join(folder, 'tagged.mp3');
    await writeFile(path, Buffer.concat([tag, await readFile(`${GOLDEN}/sweep-mono-16k.mp3`)]));
    expect(await decodeAudioFile(path)).toMatchObject({ rateHz: 16_000, width: 1 });
  });
});

describe('what is not audio', () => {
  it.each([
    ['text', Buffer.from('date,temp_max\n'), /text "date,temp_ma/],
    ['bytes', Buffer.from([0, 1, 2, 0xfe, 4]), /bytes 00 01 02 fe 04/],
    ['nothing', Buffer.alloc(0), /empty/],
    ['a zip', Buffer.from('PK\x03\x04....'), /zip/],
    ['half a flac header', Buffer.from('fLaC\0\0'), /66 4c 61 43/],
    ['a wav without data', Buffer.from('RIFF\0\0\0\0WAVE', 'latin1'), /no usable fmt/],
    ['a wav of noise', Buffer.from('RIFF\0\0\0\0WAVEfmt \x02\0\0\0..data\0\0\0\0', 'latin1'), /before any usable fmt/],
  ])('%s says what it looks like', async (name, bytes, words) => {
    const path = join(folder, name);
    await writeFile(path, bytes);
    await expect(decodeAudioFile(path)).rejects.toMatchObject({
      code: 'ERR_FILE_NOT_AUDIO',
      message: expect.stringMatching(words),
      expected: expect.stringMatching(/wav|RIFF/),
    });
  });

  it('names Opus, which the decoder does not know', async () => {
    const message = expect.stringContaining('Opus');
    await expect(decodeAudioFile(`${GOLDEN}/sweep-mono-16k.opus`)).rejects.toMatchObject({ message });
  });

  it('a broken body behind a good header is a broken file, not a broken system', async () => {
    const path = join(folder, 'broken.flac');
    const good = await readFile(`${GOLDEN}/sweep-mono-16k.flac`);
    await writeFile(path, Buffer.concat([good.subarray(0, 42), Buffer.alloc(600, 0x55)]));
    await expect(decodeAudioFile(path)).rejects.toMatchObject({ code: 'ERR_FILE_NOT_AUDIO' });
  });

  it('a missing file, a folder and an unwritable place are told apart', async () => {
    await expect(decodeAudioFile(join(folder, 'no.wav'))).rejects.toMatchObject({ code: 'ERR_FILE_NOT_FOUND' });
    await expect(decodeAudioFile(folder)).rejects.toMatchObject({ code: 'ERR_FILE_NOT_AUDIO' });
    const nowhere = createWavWriter(join(folder, 'no', 'out.wav'), { rateHz: 8000, width: 1 });
    await expect(nowhere).rejects.toMatchObject({ code: 'ERR_FILE_NOT_FOUND' });
  });

  it('no handle stays open after a reader leaves in the middle', async () => {
    const path = await writeWav('left.wav', sweep(11_025, 2, 1), 'f32le');
    for await (const block of (await decodeAudioFile(path)).blocks()) {
      expect(block.length).toBe(BLOCK_FRAMES);
      break;
    }
    const file = await open(path, 'r+'); // would fail on systems that lock open files
    await file.close();
  });
});
