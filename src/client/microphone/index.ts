// The public door of the microphone helper: `import { openMicrophone } from 'millrace/client/microphone'`, in browsers. On its
// own, so that a page without it does not load it. How to use it: docs/client.md.

export { CAPTURE_WORKLET, type GapWhy } from './capture-worklet.ts';
export type { Captured, CapturedGap, CapturedRows } from './captured-queue.ts';
export { type Microphone, openMicrophone, type RowsTaker } from './microphone.ts';
export type { MicrophoneDevice, MicrophoneOptions, MicrophoneState } from './options.ts';
