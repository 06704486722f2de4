// The machine's microphone as a stream of blocks, by node-web-audio-api: getUserMedia -> MediaStreamAudioSourceNode
// (which resamples to the context's rate) -> ScriptProcessorNode. Its context has no sink, so no loudspeaker is needed.
// Not tried with a real microphone: the capture half is tested with an oscillator in its place.

import { audioSystemError, loadAudioSystem } from './audio-system.ts';
import { type BlockQueue, blockQueue, type CapturedBlock } from './block-queue.ts';

export interface MicrophoneOptions {
  /** What the blocks come in, 2,000 to 384,000 Hz; the device keeps its own rate. */
  readonly rateHz: number;
  /** Channels, 1 (default) or 2. */
  readonly width?: number;
}

export interface Microphone extends AsyncIterable<CapturedBlock> {
  readonly rateHz: number;
  readonly width: number;
  /** Frees the device; the reader gets what is still held, then finishes. */
  close(): Promise<void>;
}

/** 512 frames are 32 ms at 16 kHz: the latency of capturing. */
const FRAMES_PER_BLOCK = 512;
const HELD_SECONDS_MAX = 4;

/** @throws ERR_AUDIO_SYSTEM without the audio library, a device, or leave to use it */
export async function openMicrophone({ rateHz, width = 1 }: MicrophoneOptions): Promise<Microphone> {
  const { AudioContext, mediaDevices } = await loadAudioSystem();
  let context: AudioContext | undefined;
  try {
    const stream = await mediaDevices.getUserMedia({ audio: true });
    context = new AudioContext({ sampleRate: rateHz, sinkId: { type: 'none' } } as AudioContextOptions);
    const queue = capture(context, context.createMediaStreamSource(stream), width);
    return {
      rateHz,
      width,
      [Symbol.asyncIterator]: () => queue[Symbol.asyncIterator](),
      close: closer(context, queue),
    };
  } catch (thrown) {
    await context?.close();
    throw audioSystemError('the microphone cannot be opened', thrown);
  }
}

/** Queues what `source` plays. Blocks that the library skipped show in the playback times, and are declared as lost. */
export function capture(context: AudioContext, source: AudioNode, width: number): BlockQueue {
  const rateHz = context.sampleRate;
  const queue = blockQueue(Math.ceil((HELD_SECONDS_MAX * rateHz) / FRAMES_PER_BLOCK), width);
  const processor = context.createScriptProcessor(FRAMES_PER_BLOCK, width, width);
  const channel = new Float32Array(FRAMES_PER_BLOCK);
  let expectedAt = Number.NaN;
  processor.onaudioprocess = ({ inputBuffer, playbackTime }) => {
    const at = Math.round(playbackTime * rateHz);
    const lost = at > expectedAt ? at - expectedAt : 0;
    expectedAt = at + FRAMES_PER_BLOCK;
    const rows = new Float32Array(FRAMES_PER_BLOCK * width);
    for (let c = 0; c < width; c++) {
      inputBuffer.copyFromChannel(channel, c);
      for (let i = 0; i < FRAMES_PER_BLOCK; i++) rows[i * width + c] = channel[i]!;
    }
    queue.push(rows, lost);
  };
  source.connect(processor);
  processor.connect(context.destination); // an unconnected node is not run
  return queue;
}

function closer(context: AudioContext, queue: BlockQueue): () => Promise<void> {
  let closing: Promise<void> | undefined;
  return () => {
    queue.end();
    closing ??= context.close();
    return closing;
  };
}
