// The sound graph of a page's microphone: device -> AudioWorklet -> rows and gaps on this thread. What becomes of them, and
// which device it is: microphone.ts.

import { engineError } from '../../base/errors.ts';
import {
  CAPTURE_PROCESSOR,
  CAPTURE_WORKLET,
  type CaptureOrder,
  type CaptureReport,
  type CaptureSizes,
} from './capture-worklet.ts';

export interface CaptureGraph {
  readonly node: AudioWorkletNode;
  order(order: CaptureOrder): void;
  /** Resolves when the last piece was reported; soon, even if the audio thread stands still. */
  stop(): Promise<void>;
}

export interface GraphEvents {
  captured(report: Exclude<CaptureReport, { readonly stopped: true }>): void;
  broke(error: Error): void;
}

const STOP_MS_MAX = 250;
/** A processor can be registered once in a context. */
const loaded = new WeakMap<BaseAudioContext, Promise<void>>();

/** @throws ERR_AUDIO_SYSTEM when the worklet may not be loaded */
export async function captureGraph(
  context: AudioContext,
  sizes: CaptureSizes,
  workletUrl: string | undefined,
  events: GraphEvents,
): Promise<CaptureGraph> {
  await loadWorklet(context, workletUrl);
  const node = new AudioWorkletNode(context, CAPTURE_PROCESSOR, {
    numberOfInputs: 1,
    numberOfOutputs: 1,
    outputChannelCount: [1],
    channelCount: sizes.channels,
    channelCountMode: 'explicit',
    processorOptions: sizes,
  });
  let stopped = (): void => undefined;
  const over = new Promise<void>((resolve) => {
    stopped = resolve;
  });
  node.port.onmessage = ({ data }: MessageEvent<CaptureReport>) => {
    if ('stopped' in data) stopped();
    else if ('from' in data) events.captured(data);
  };
  node.onprocessorerror = () => {
    const expected = 'a new microphone: openMicrophone() again';
    events.broke(engineError('ERR_AUDIO_SYSTEM', 'the audio thread failed', { expected }));
  };
  node.connect(context.destination); // silence: an unconnected node is not run
  return {
    node,
    order: (order) => node.port.postMessage(order),
    async stop() {
      node.port.postMessage({ stop: true } satisfies CaptureOrder);
      await Promise.race([over, new Promise((resolve) => setTimeout(resolve, STOP_MS_MAX))]);
      node.port.onmessage = null;
      node.disconnect();
    },
  };
}

function loadWorklet(context: AudioContext, workletUrl: string | undefined): Promise<void> {
  const before = loaded.get(context);
  if (before) return before;
  const own = workletUrl ?? URL.createObjectURL(new Blob([CAPTURE_WORKLET], { type: 'text/javascript' }));
  const loading = context.audioWorklet
    .addModule(own)
    .catch((cause: unknown) => {
      loaded.delete(context);
      throw engineError('ERR_AUDIO_SYSTEM', `the audio worklet could not be loaded: ${(cause as Error).message}`, {
        cause,
        expected: workletUrl
          ? `CAPTURE_WORKLET of millrace/client/microphone, served as JavaScript at ${workletUrl}`
          : "blob: in the page's Content-Security-Policy script-src, or workletUrl with a file of the page's own",
      });
    })
    .finally(() => {
      if (workletUrl === undefined) URL.revokeObjectURL(own);
    });
  loaded.set(context, loading);
  return loading;
}
