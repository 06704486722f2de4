// The machine's loudspeakers as a sink of samples, by node-web-audio-api: each chunk is an AudioBufferSourceNode that
// starts where the last one ends. Chosen over a ScriptProcessorNode because a busy event loop then costs nothing while
// something is scheduled. Not tried with a real sound card: tested on a context without a sink.

import { audioSystemError, loadAudioSystem } from './audio-system.ts';

export interface SpeakersOptions {
  readonly rateHz: number;
  readonly width: number;
}

export interface Speakers {
  /** Plays interleaved samples, [frames, width], after those before. Waits while a second of sound lies ahead. */
  write(chunk: Float32Array): Promise<void>;
  /** Plays what is scheduled, then frees the device. */
  close(): Promise<void>;
}

const AHEAD_SECONDS_MAX = 1;
/** Silence before the first chunk, and after the sound ran dry: time to schedule the next ones. */
const LEAD_SECONDS = 0.1;

/** @throws ERR_AUDIO_SYSTEM without the audio library or a device */
export async function openSpeakers({ rateHz, width }: SpeakersOptions): Promise<Speakers> {
  const { AudioContext } = await loadAudioSystem();
  try {
    // 'playback': 1024-frame renders; with the 128 of 'interactive' ALSA crackles (the library's README).
    const context = new AudioContext({ sampleRate: rateHz, latencyHint: 'playback' });
    return playInto(context, context.destination, width);
  } catch (thrown) {
    throw audioSystemError('the loudspeakers cannot be opened', thrown);
  }
}

/** Schedules chunks into `target`. `close` also closes `context`. */
export function playInto(context: AudioContext, target: AudioNode, width: number): Speakers {
  const rateHz = context.sampleRate;
  let frameAt = 0; // on the context's own grid of frames: whole numbers, so that chunks join without a gap
  let ending: Promise<void> = Promise.resolve();
  let closed = false;
  return {
    async write(chunk) {
      const frames = chunk.length / width;
      if (closed || frames === 0) return;
      frameAt = Math.max(frameAt, Math.ceil((context.currentTime + LEAD_SECONDS) * rateHz));
      const source = context.createBufferSource();
      source.buffer = toBuffer(context, chunk, width);
      source.connect(target);
      source.start(frameAt / rateHz);
      frameAt += frames;
      ending = new Promise((resolve) => {
        source.onended = () => {
          source.disconnect();
          resolve();
        };
      });
      const mine = frameAt;
      while (!closed && mine / rateHz - context.currentTime > AHEAD_SECONDS_MAX) await sleep(20);
    },
    async close() {
      if (closed) return;
      closed = true;
      await ending;
      await context.close();
    },
  };
}

function toBuffer(context: AudioContext, chunk: Float32Array, width: number): AudioBuffer {
  const frames = chunk.length / width;
  const buffer = context.createBuffer(width, frames, context.sampleRate);
  const channel = new Float32Array(frames);
  for (let c = 0; c < width; c++) {
    for (let i = 0; i < frames; i++) channel[i] = chunk[i * width + c]!;
    buffer.copyToChannel(channel, c);
  }
  return buffer;
}

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
