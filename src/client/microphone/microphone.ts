// A page's microphone as rows and gaps: every row of time since it was opened is given once, in order, as sound or as missing
// with a reason. Muting, a device that is pulled out, a laptop that was shut, a reader that is too slow: all are gaps, none is
// silence that nobody heard. The rate is the page's own; the server resamples. On the audio thread: capture-worklet.ts.

import { asEngineError, type EngineError, engineError } from '../../base/errors.ts';
import type { FormatMessage } from '../../wire/messages.ts';
import type { GapWhy } from './capture-worklet.ts';
import { type Captured, type CapturedQueue, capturedQueue } from './captured-queue.ts';
import { closeDevice, isDefaultElsewhere, mediaDevices, openDevice } from './device.ts';
import { type CaptureGraph, captureGraph } from './graph.ts';
import type { MicrophoneDevice, MicrophoneOptions, MicrophoneState } from './options.ts';

/** Where rows go: a StreamClient. */
export interface RowsTaker {
  send(rows: Float32Array): Promise<void>;
  gap(rows: number, why?: string): Promise<void>;
}

const CHUNK_MS = 10;
const BUFFER_MS = 4000;
/** How often a device is looked for while there is none; also at once when the browser says that one came. */
const SEARCH_MS = 2000;

/** A device and its place in the graph. */
interface Source {
  readonly track: MediaStreamTrack;
  readonly node: MediaStreamAudioSourceNode;
}

export class Microphone implements AsyncIterable<Captured> {
  /** For `connect`: `format: microphone.format`. */
  readonly format: FormatMessage & { readonly rate: number; readonly channels: number };
  #options: MicrophoneOptions;
  #context: AudioContext;
  #graph: CaptureGraph;
  #queue: CapturedQueue;
  #source: Source | undefined;
  #wanted: string | undefined;
  #muted: boolean;
  #state: MicrophoneState = 'searching';
  #closing: Promise<void> | undefined;
  #searching: ReturnType<typeof setTimeout> | undefined;
  #devicesChanged = (): void => void this.#lookAround();
  #contextChanged = (): void => {
    if (this.#context.state !== 'running') this.#graph.order({ stood: true });
    this.#tell();
  };

  /** Use `openMicrophone`. */
  constructor(options: MicrophoneOptions, context: AudioContext, graph: CaptureGraph, queue: CapturedQueue) {
    const { channels = 1, encoding = 'pcm_s16le', muted = false, deviceId } = options;
    this.format = { encoding, rate: context.sampleRate, channels };
    this.#options = options;
    this.#context = context;
    this.#graph = graph;
    this.#queue = queue;
    this.#muted = muted;
    this.#wanted = deviceId;
    mediaDevices().addEventListener('devicechange', this.#devicesChanged);
    context.addEventListener('statechange', this.#contextChanged);
  }

  get state(): MicrophoneState {
    return this.#state;
  }
  get muted(): boolean {
    return this.#muted;
  }
  /** What is listened to; undefined while there is none. */
  get device(): MicrophoneDevice | undefined {
    const { track } = this.#source ?? {};
    return track && { deviceId: track.getSettings().deviceId ?? '', label: track.label };
  }

  /** Nothing leaves the audio thread until `unmute`: the time is a gap `muted`. The device stays open. */
  mute(): void {
    this.#muted = true;
    this.#tell();
  }
  unmute(): void {
    this.#muted = false;
    this.#tell();
  }

  /**
   * Listens to another device (none: the default one) from here on; the one before is listened to until it is there.
   * @throws ERR_MICROPHONE_DENIED, ERR_AUDIO_SYSTEM: then nothing has changed
   */
  async use(deviceId?: string): Promise<void> {
    const stream = await this.#open(deviceId);
    this.#wanted = deviceId;
    this.#listenTo(stream);
  }

  /** Lets time stand still, as for a page that is hidden: a gap `suspended` when it goes on. */
  suspend(): Promise<void> {
    return this.#context.suspend();
  }
  /** Also for a page that was not clicked on before it opened the microphone: until then its state is `suspended`. */
  resume(): Promise<void> {
    return this.#context.resume();
  }

  /** Sends everything to a client. Resolves when the microphone is closed; the client is the caller's to end. @throws what ended either */
  async sendTo(client: RowsTaker): Promise<void> {
    for await (const piece of this) {
      if (piece.kind === 'rows') await client.send(piece.rows);
      else await client.gap(piece.to - piece.from, piece.why);
    }
  }

  /** One reader. It ends when the microphone is closed, and leaving it closes the microphone. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Captured, void, undefined> {
    try {
      for (let piece = await this.#queue.next(); piece; piece = await this.#queue.next()) yield piece;
    } finally {
      await this.close();
    }
  }

  /** Frees the device. The reader gets what was heard until now, then finishes. */
  close(): Promise<void> {
    this.#closing ??= this.#shutDown(undefined);
    return this.#closing;
  }

  /** @internal What `openMicrophone` begins with. */
  async begin(stream: MediaStream): Promise<void> {
    try {
      this.#listenTo(stream);
    } catch (thrown) {
      await this.close();
      throw thrown;
    }
    // A page that was not clicked on waits for that here, for as long as it takes.
    this.#context.resume().catch(() => undefined);
  }
  /** @internal */
  fail(error: EngineError): void {
    this.#closing ??= this.#shutDown(error);
  }

  async #shutDown(error: EngineError | undefined): Promise<void> {
    clearTimeout(this.#searching);
    mediaDevices().removeEventListener('devicechange', this.#devicesChanged);
    this.#context.removeEventListener('statechange', this.#contextChanged);
    await this.#graph.stop();
    this.#leave();
    this.#setState('closed');
    this.#queue.end(error);
    if (this.#options.context === undefined) await this.#context.close();
  }

  async #open(deviceId: string | undefined): Promise<MediaStream> {
    const stream = await openDevice(this.#options, deviceId);
    if (this.#closing === undefined) return stream;
    closeDevice(stream);
    const expected = 'a microphone that is open: openMicrophone() again';
    throw engineError('ERR_AUDIO_SYSTEM', 'the microphone was closed meanwhile', { expected });
  }

  #listenTo(stream: MediaStream): void {
    const track = stream.getAudioTracks()[0]!;
    const node = this.#sourceOf(stream);
    clearTimeout(this.#searching);
    this.#leave();
    this.#source = { track, node };
    node.connect(this.#graph.node);
    track.addEventListener('ended', () => this.#ended(track));
    for (const event of ['mute', 'unmute']) track.addEventListener(event, () => this.#tell());
    this.#tell();
    this.#options.onDevice?.(this.device!);
    if (track.readyState === 'ended') this.#ended(track);
  }

  /** @throws ERR_AUDIO_SYSTEM in a browser that does not resample a device to the context's rate */
  #sourceOf(stream: MediaStream): MediaStreamAudioSourceNode {
    try {
      return this.#context.createMediaStreamSource(stream);
    } catch (cause) {
      closeDevice(stream);
      const what = `the device does not go into sound at ${this.format.rate} Hz: ${(cause as Error).message}`;
      throw engineError('ERR_AUDIO_SYSTEM', what, { cause, expected: 'no sampleRate, or the one of the device' });
    }
  }

  #leave(): void {
    const left = this.#source;
    if (!left) return;
    this.#source = undefined;
    this.#graph.order({ shut: 'device' });
    left.node.disconnect();
    left.track.stop();
  }

  /** The device is gone, or leave to use it. */
  #ended(track: MediaStreamTrack): void {
    if (this.#source?.track !== track || this.#closing) return;
    this.#leave();
    this.#tell();
    void this.#search();
  }

  /** For the default device, until there is one. */
  async #search(): Promise<void> {
    clearTimeout(this.#searching);
    try {
      const stream = await this.#open(undefined);
      if (this.#source === undefined) this.#listenTo(stream);
      else closeDevice(stream);
    } catch (thrown) {
      if (this.#closing) return;
      const error = asEngineError(thrown);
      if (error.code === 'ERR_MICROPHONE_DENIED') return this.fail(error); // asking again would be refused again
      clearTimeout(this.#searching);
      if (!this.#source) this.#searching = setTimeout(() => void this.#search(), SEARCH_MS);
    }
  }

  async #lookAround(): Promise<void> {
    if (this.#source === undefined) return this.#search();
    if (this.#wanted !== undefined) return; // a device that was asked for is kept while it lives
    if (await isDefaultElsewhere(this.#source.track)) await this.use().catch(() => undefined);
  }

  /** Tells the audio thread what to let in, and the page what has changed. */
  #tell(): void {
    if (this.#closing) return;
    const silenced: '' | GapWhy = this.#source && !this.#source.track.muted ? '' : 'device';
    this.#graph.order({ shut: this.#muted ? 'muted' : silenced });
    if (!this.#source) this.#setState('searching');
    else this.#setState(this.#context.state === 'running' ? 'running' : 'suspended');
  }

  #setState(state: MicrophoneState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#options.onState?.(state);
  }
}

/**
 * Asks for a microphone and begins to listen. `await microphone.sendTo(client)`, or read it: `for await`, RxJS's `from`.
 * @throws ERR_MICROPHONE_DENIED; ERR_AUDIO_SYSTEM without a device, a secure page, or a worklet; ERR_USAGE for an option
 */
export async function openMicrophone(options: MicrophoneOptions = {}): Promise<Microphone> {
  const { channels = 1, chunkMs = CHUNK_MS, bufferMs = BUFFER_MS } = options;
  if (!(chunkMs >= 5 && chunkMs <= 1000 && bufferMs >= chunkMs)) {
    const expected = 'chunkMs from 5 to 1000, and bufferMs no less';
    throw engineError('ERR_USAGE', `chunks of ${chunkMs} ms in a buffer of ${bufferMs} ms`, { expected });
  }
  const stream = await openDevice(options, options.deviceId);
  let context = options.context;
  try {
    context ??= openContext(options.sampleRate);
    const rate = context.sampleRate;
    const queue = capturedQueue(Math.round((bufferMs * rate) / 1000));
    const sizes = { rows: Math.round((chunkMs * rate) / 1000), channels };
    const graph = await captureGraph(context, sizes, options.workletUrl, {
      captured(report) {
        const { from, to } = report;
        const place = { from, to, pts: Math.round((from * 1e6) / rate) };
        if ('rows' in report) queue.push({ kind: 'rows', ...place, rows: report.rows });
        else queue.push({ kind: 'gap', ...place, why: report.why });
      },
      broke: (error) => microphone.fail(asEngineError(error)),
    });
    const microphone = new Microphone(options, context, graph, queue);
    await microphone.begin(stream);
    return microphone;
  } catch (thrown) {
    closeDevice(stream);
    if (context && context !== options.context && context.state !== 'closed') await context.close();
    throw thrown;
  }
}

/** @throws ERR_USAGE for a rate that the browser does not have */
function openContext(sampleRate: number | undefined): AudioContext {
  try {
    return new AudioContext({ latencyHint: 'interactive', ...(sampleRate === undefined ? {} : { sampleRate }) });
  } catch (cause) {
    throw engineError('ERR_USAGE', `no sound at ${sampleRate ?? 'its own'} Hz here: ${(cause as Error).message}`, {
      cause,
      expected: 'a sampleRate that the browser supports, or none',
    });
  }
}
