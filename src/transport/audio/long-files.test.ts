// Files beyond 4 GiB (sparse: they take no room on disk) and compressed ones too long to decode at once.

import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BLOCK_FRAMES } from './audio-file.ts';
import { decodeAudioFile } from './decode.ts';
import { createWavWriter } from './wav-writer.ts';

const GOLDEN = 'test/golden/audio';
const FOUR_GIB = 2 ** 32;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-long-'));
});
afterAll(() => rm(folder, { recursive: true }));

const chunk = (id: string, bytes: number, body: Uint8Array = new Uint8Array(0)): Buffer => {
  const head = Buffer.alloc(8);
  head.write(id, 'latin1');
  head.writeUInt32LE(bytes, 4);
  return Buffer.concat([head, body]);
};
const fmt = Buffer.alloc(16);
fmt.writeUInt16LE(1, 0);
fmt.writeUInt16LE(1, 2);
fmt.writeUInt32LE(16_000, 4);
fmt.writeUInt16LE(16, 14);
const u64 = (value: number): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
};

/** A sparse 16-bit wav of `dataBytes`, its last two samples 1000 and -1000, then a chunk that is not audio. */
async function longWav(name: string, magic: string, dataBytes: number, declared: number): Promise<string> {
  const ds64 = chunk('ds64', 28, Buffer.concat([u64(dataBytes + 100), u64(dataBytes), u64(0), Buffer.alloc(4)]));
  const head = Buffer.concat([
    chunk(magic, 0xffffffff, Buffer.from('WAVE')),
    ...(magic === 'RIFF' ? [] : [ds64]),
    chunk('fmt ', 16, fmt),
    chunk('data', declared),
  ]);
  const path = join(folder, name);
  const file = await open(path, 'w');
  await file.write(head, 0, head.length, 0);
  await file.write(Buffer.from(Int16Array.of(1000, -1000).buffer), 0, 4, head.length + dataBytes - 4);
  await file.write(chunk('LIST', 4, Buffer.from('tail')), 0, 12, head.length + dataBytes);
  await file.close();
  return path;
}

describe('wav files beyond 4 GiB', () => {
  const dataBytes = FOUR_GIB + 64_000;
  it.each([
    ['RF64', 0xffffffff],
    ['BW64', 0xffffffff],
    ['RIFF', dataBytes - FOUR_GIB], // the size has wrapped around
  ])('as %s are as long as they are, and are read at their end without reading the rest', async (magic, declared) => {
    const audio = await decodeAudioFile(await longWav(`${magic}.wav`, magic, dataBytes, declared));
    expect(audio).toMatchObject({ rateHz: 16_000, width: 1, frames: dataBytes / 2 });
    const blocks: Float32Array[] = [];
    for await (const block of audio.blocks(audio.frames - 3)) blocks.push(block);
    expect(blocks).toEqual([Float32Array.of(0, 1000 / 32_768, -1000 / 32_768)]);
  });

  it('that say 0xffffffff and nothing else go to the end of the file', async () => {
    const audio = await decodeAudioFile(await longWav('recorder.wav', 'RIFF', dataBytes, 0xffffffff));
    expect(audio.frames).toBe((dataBytes + 12) / 2);
  });

  it('as Sony Wave64 are refused with what to do', async () => {
    const path = join(folder, 'sony.w64');
    await writeFile(path, Buffer.concat([Buffer.from('riff\x2e\x91\xcf\x11', 'latin1'), Buffer.alloc(100)]));
    await expect(decodeAudioFile(path)).rejects.toMatchObject({
      code: 'ERR_FILE_NOT_AUDIO',
      message: expect.stringMatching(/Wave64.*ffmpeg -i in\.w64 -rf64 auto out\.wav/),
    });
  });

  it('begin anywhere, block by block, with the same samples', async () => {
    const path = join(folder, 'some.wav');
    const samples = Float32Array.from({ length: 2 * BLOCK_FRAMES + 77 }, (_, i) => (i % 999) / 1000);
    const writer = await createWavWriter(path, { rateHz: 16_000, width: 1, encoding: 'f32le' });
    await writer.write(samples);
    await writer.close();
    const audio = await decodeAudioFile(path);
    for (const first of [0, 1, BLOCK_FRAMES, BLOCK_FRAMES + 5, samples.length - 1, samples.length]) {
      const heard: number[] = [];
      for await (const block of audio.blocks(first)) heard.push(...block);
      expect(Float32Array.from(heard)).toEqual(samples.subarray(first));
    }
  });
});

describe('compressed files', () => {
  const tooLong = (minutes: number, format: string) => ({
    code: 'ERR_FILE_NOT_AUDIO',
    message: expect.stringContaining(`, ${minutes} minutes, is too long`),
    expected: expect.stringContaining(`ffmpeg -i in.${format} -ac 1 -ar 16000`),
  });

  it('begin anywhere', async () => {
    const audio = await decodeAudioFile(`${GOLDEN}/sweep-stereo-22k.flac`);
    const first = async (from: number) => (await audio.blocks(from)[Symbol.asyncIterator]().next()).value;
    expect(await first(1000)).toEqual((await first(0)).subarray(2000));
  });

  it('flac: as long as its header says', async () => {
    const flac = await readFile(`${GOLDEN}/sweep-mono-16k.flac`);
    flac.writeUInt32BE(16_000 * 60 * 400, 22);
    const path = join(folder, 'long.flac');
    await writeFile(path, flac);
    await expect(decodeAudioFile(path)).rejects.toMatchObject(tooLong(400, 'flac'));
  });

  it('ogg: as long as its last page says', async () => {
    const ogg = await readFile(`${GOLDEN}/sweep-stereo-22k.ogg`);
    ogg.writeBigInt64LE(BigInt(22_050 * 60 * 200), ogg.lastIndexOf('OggS') + 6);
    const path = join(folder, 'long.ogg');
    await writeFile(path, ogg);
    await expect(decodeAudioFile(path)).rejects.toMatchObject(tooLong(200, 'ogg'));
  });

  it('mp3: as long as its frames are together', async () => {
    // 8 kbit/s mono at 16 kHz: 36 bytes for 36 ms, the most time per byte that there is at that rate.
    const frame = Buffer.alloc(36);
    frame.set([0xff, 0xf3, 0x18, 0xc0]);
    const path = join(folder, 'long.mp3');
    await writeFile(path, Buffer.alloc(36 * ((60 * 400) / 0.036), frame));
    await expect(decodeAudioFile(path)).rejects.toMatchObject(tooLong(400, 'mp3'));
  });
});
