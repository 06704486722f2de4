// The first message of every stream of a load.

import type { AudioOptions } from './audio-messages.ts';
import { textFrame } from './frames.ts';

interface StartOptions extends Pick<AudioOptions, 'encoding' | 'frame'> {
  readonly cell: string;
}

export const startFrame = ({ cell, encoding, frame }: StartOptions, rate: number): Buffer =>
  textFrame({
    type: 'start',
    v: 1,
    pipeline: 'vad',
    options: { cell },
    format: { encoding, rate, channels: 1 },
    ...(frame === undefined ? {} : { frame }),
  });
