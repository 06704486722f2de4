// The first message of every stream of a load.

import { textFrame } from './frames.ts';

export const startFrame = (cell: string, encoding: 'pcm_s16le' | 'f32le', rate: number): Buffer =>
  textFrame({ type: 'start', v: 1, pipeline: 'vad', options: { cell }, format: { encoding, rate, channels: 1 } });
