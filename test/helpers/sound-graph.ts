// A page's sound for tests: the worklet's text as it stands, on an audio thread whose time the test moves. Nothing here waits
// for a clock, so a test of a second of sound takes a millisecond and is the same on a busy machine.

import { resolveObjectURL } from 'node:buffer';

const QUANTUM = 128;

export interface Processor {
  process(inputs: Float32Array[][], outputs: Float32Array[][]): boolean;
}
type MakeProcessor = new (options: { processorOptions: unknown }) => Processor;

interface Port {
  onmessage: ((event: { data: never }) => void) | null;
  postMessage(message: unknown, transfer?: unknown): void;
}

/** What an AudioWorkletGlobalScope has: frames, and the machine's clock in milliseconds. */
export interface Scope {
  currentFrame: number;
  ms: number;
}

/** Runs a worklet's module. `port`: the processor's end of each node made. */
export function loadWorklet(text: string, sampleRate: number, scope: Scope, port: () => Port): MakeProcessor {
  let made!: MakeProcessor;
  class Base {
    port = port();
  }
  const names = ['AudioWorkletProcessor', 'registerProcessor', 'sampleRate', 'scope', 'Date'];
  const register = (_: string, processor: MakeProcessor) => {
    made = processor;
  };
  const module = new Function(...names, text.replaceAll('currentFrame', 'scope.currentFrame'));
  module(Base, register, sampleRate, scope, { now: () => scope.ms });
  return made;
}

/** A media stream's place in the graph: 0.5 for ever, after some zeros. */
class FakeSource {
  zeros = 256;
  #context: FakeAudioContext;
  constructor(context: FakeAudioContext) {
    this.#context = context;
  }
  connect(): void {
    this.#context.sources.add(this);
  }
  disconnect(): void {
    this.#context.sources.delete(this);
  }
}

export class FakeAudioContext extends EventTarget {
  readonly sampleRate: number;
  readonly sources = new Set<FakeSource>();
  readonly destination = {};
  readonly scope: Scope = { currentFrame: 0, ms: 1_000_000 };
  state = 'running';
  #make: MakeProcessor | undefined;
  #processors: Processor[] = [];
  /** The processor's end of the node that is being made. */
  #port: Port | undefined;

  constructor(options: { readonly sampleRate?: number } = {}) {
    super();
    this.sampleRate = options.sampleRate ?? 48_000;
  }

  readonly audioWorklet = {
    addModule: async (url: string): Promise<void> => {
      const text = await resolveObjectURL(url)?.text();
      if (text === undefined) throw new Error(`nothing at ${url}`);
      this.#make = loadWorklet(text, this.sampleRate, this.scope, () => this.#port!);
    },
  };

  /** What `new AudioWorkletNode` does. */
  makeNode(processorOptions: unknown): { readonly port: Port } {
    const near: Port = { onmessage: null, postMessage: (message) => deliver(far, message) };
    const far: Port = { onmessage: null, postMessage: (message) => deliver(near, message) };
    this.#port = far;
    this.#processors.push(new this.#make!({ processorOptions }));
    return { port: near };
  }

  /** As in a browser that does not resample devices. */
  refusesDevices = false;

  createMediaStreamSource(): FakeSource {
    if (this.refusesDevices) throw new Error('another rate');
    return new FakeSource(this);
  }
  async suspend(): Promise<void> {
    this.#enter('suspended');
  }
  async resume(): Promise<void> {
    this.#enter('running');
  }
  async close(): Promise<void> {
    this.#enter('closed');
  }

  /** Lets so much time pass: sound, if the context runs. */
  async pass(ms: number): Promise<void> {
    if (this.state !== 'running') {
      this.scope.ms += ms;
      return;
    }
    const quanta = Math.round((ms * this.sampleRate) / 1000 / QUANTUM);
    for (let i = 0; i < quanta; i++) {
      this.#processors = this.#processors.filter((one) => one.process([this.#input()], [[new Float32Array(QUANTUM)]]));
      this.scope.currentFrame += QUANTUM;
      this.scope.ms += (QUANTUM * 1000) / this.sampleRate;
      await Promise.resolve(); // messages arrive
    }
  }

  /** One channel of what is connected, none when nothing is. */
  #input(): Float32Array[] {
    const [source] = this.sources;
    if (!source) return [];
    const value = source.zeros > 0 ? 0 : 0.5;
    source.zeros -= QUANTUM;
    return [new Float32Array(QUANTUM).fill(value)];
  }

  #enter(state: string): void {
    if (this.state === state) return;
    this.state = state;
    this.dispatchEvent(new Event('statechange'));
  }
}

export class FakeAudioWorkletNode {
  readonly port: Port;
  onprocessorerror: (() => void) | null = null;
  constructor(context: FakeAudioContext, _name: string, { processorOptions }: { processorOptions: unknown }) {
    this.port = context.makeNode(processorOptions).port;
  }
  connect(): void {}
  disconnect(): void {}
}

function deliver(to: Port, message: unknown): void {
  queueMicrotask(() => to.onmessage?.({ data: message as never }));
}

/** A device as getUserMedia gives it. */
export class FakeTrack extends EventTarget {
  readyState = 'live';
  muted = false;
  readonly label: string;
  #id: string;
  constructor(id: string) {
    super();
    this.#id = id;
    this.label = `device ${id}`;
  }
  stop(): void {
    this.readyState = 'ended';
  }
  getSettings(): { deviceId: string; groupId: string } {
    return { deviceId: this.#id, groupId: `group ${this.#id}` };
  }
  /** Something happened to it. */
  say(event: 'ended' | 'mute' | 'unmute'): void {
    this.dispatchEvent(new Event(event));
  }
}
