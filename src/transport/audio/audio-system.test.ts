import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { audioSystemError, loadAudioSystem } from './audio-system.ts';
import { blockQueue } from './block-queue.ts';
import { capture, openMicrophone } from './microphone.ts';
import { openSpeakers, playInto } from './speakers.ts';

const noSink = (rateHz: number) => ({ sampleRate: rateHz, sinkId: { type: 'none' } }) as AudioContextOptions;

describe('a machine without sound', () => {
  // The library's own binary, asking for a libasound that does not exist: the loader's true words.
  it.runIf(process.platform === 'linux')('is told which package to install', async () => {
    const home = dirname(createRequire(import.meta.url).resolve('node-web-audio-api'));
    const arch = { x64: 'linux-x64-gnu', arm64: 'linux-arm64-gnu' }[process.arch as string];
    const name = (await readdir(home)).find((file) => file.includes(`${arch}.node`))!;
    const binary = await readFile(join(home, name));
    for (let at = binary.indexOf('libasound.so.2'); at >= 0; at = binary.indexOf('libasound.so.2')) {
      binary.write('libasound.so.X', at, 'latin1');
    }
    const folder = await mkdtemp(join(tmpdir(), 'millrace-'));
    await writeFile(join(folder, 'broken.node'), binary);
    const load = async () => createRequire(import.meta.url)(join(folder, 'broken.node'));
    await expect(loadAudioSystem(load)).rejects.toMatchObject({
      code: 'ERR_AUDIO_SYSTEM',
      message: expect.stringContaining('libasound.so.X'),
      expected: expect.stringMatching(/apt-get install libasound2.*wav files work/),
    });
    await rm(folder, { recursive: true });
  });

  it('or without a device says so: both doors give a device or the same coded error', async () => {
    for (const opening of [openMicrophone({ rateHz: 16_000 }), openSpeakers({ rateHz: 16_000, width: 1 })]) {
      const outcome = await opening.then(
        (device) => device.close().then(() => 'ERR_AUDIO_SYSTEM'),
        (thrown) => thrown.code,
      );
      expect(outcome).toBe('ERR_AUDIO_SYSTEM');
    }
    const advice = audioSystemError('no', new Error('error while querying device output config: DeviceNotAvailable'));
    expect(advice.expected).toContain('/dev/snd');
    expect(audioSystemError('no', new Error('Unsupported OS: sunos')).expected).toContain('glibc');
  });
});

describe('the sound graph, on a context without a sink', () => {
  it('captures without losing a sample: an oscillator keeps its phase from block to block', async () => {
    const { AudioContext } = await loadAudioSystem();
    const context = new AudioContext(noSink(16_000));
    const oscillator = context.createOscillator();
    oscillator.frequency.value = 500; // 32 samples a period: block 512 = 16 periods
    const queue = capture(context, oscillator, 1);
    oscillator.start();
    const blocks: Float32Array[] = [];
    for await (const { rows, lostBefore } of queue) {
      if (blocks.length > 0) expect(lostBefore).toBe(0);
      blocks.push(rows);
      if (blocks.length === 12) break;
    }
    queue.end();
    await context.close();
    for (let i = 3; i < 12; i++) {
      expect(blocks[i]!.length).toBe(512);
      for (let k = 0; k < 512; k++) expect(blocks[i]![k]).toBeCloseTo(blocks[2]![k]!, 4);
    }
    expect(Math.max(...blocks[2]!)).toBeGreaterThan(0.99);
  });

  it('plays chunks of any size one after the other, with no sample between them', async () => {
    const { AudioContext } = await loadAudioSystem();
    const context = new AudioContext(noSink(16_000));
    while (context.currentTime === 0) await new Promise((r) => setTimeout(r, 5)); // before that, suspend has no effect
    await context.suspend(); // time stands still until all is scheduled: the machine may be busy
    const gain = context.createGain();
    const queue = capture(context, gain, 2);
    const speakers = playInto(context, gain, 2);
    const ramp = Float32Array.from({ length: 2 * 3000 }, (_, k) => ((k >> 1) + 1) / 4096 - (k & 1));
    const heard: number[] = [];
    const listening = (async () => {
      for await (const { rows } of queue) {
        for (let i = 0; i < rows.length; i++) heard.push(rows[i]!);
        if (heard.findLastIndex((v) => v !== 0) >= 0 && rows.every((v) => v === 0)) return;
      }
    })();
    for (let at = 0, n = 1; at < ramp.length; at += n, n += 334) {
      n += n & 1;
      await speakers.write(ramp.subarray(at, at + n));
    }
    await context.resume();
    await listening;
    await speakers.close();
    queue.end();
    const start = heard.findIndex((v) => v !== 0);
    for (let i = 0; i < ramp.length; i++) expect(heard[start + i]).toBeCloseTo(ramp[i]!, 6);
  });
});

describe('the block queue', () => {
  const rows = (value: number) => new Float32Array(10).fill(value);

  it('drops the oldest block when full and declares it on the next one', async () => {
    const queue = blockQueue(3, 2);
    for (let i = 0; i < 5; i++) queue.push(rows(i), i === 1 ? 7 : 0);
    queue.end();
    const got = [];
    for await (const block of queue) got.push([block.rows[0], block.lostBefore]);
    expect(got).toEqual([
      [2, 5 + 7 + 5],
      [3, 0],
      [4, 0],
    ]);
  });

  it('hands over what it holds before it fails', async () => {
    const queue = blockQueue(3, 1);
    queue.push(rows(1));
    queue.end(new Error('unplugged'));
    queue.push(rows(2));
    const got: number[] = [];
    const read = async () => {
      for await (const block of queue) got.push(block.rows[0]!);
    };
    await expect(read()).rejects.toThrow('unplugged');
    expect(got).toEqual([1]);
  });
});
