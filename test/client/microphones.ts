// What the microphone's tests share: a system with devices that come and go as the test says, and ways to read what a
// microphone gave. The sound itself: helpers/sound-graph.ts.

import { afterAll, beforeAll, beforeEach, expect, onTestFinished, vi } from 'vitest';
import { type Captured, type MicrophoneOptions, openMicrophone } from '../../src/client/microphone/index.ts';
import { FakeAudioContext, FakeAudioWorkletNode, FakeTrack } from '../helpers/sound-graph.ts';

export const RATE = 16_000;

/** What the system has, and what it does when it is asked. */
export const system = {
  asked: [] as MediaTrackConstraints[],
  tracks: [] as FakeTrack[],
  refusal: undefined as { name: string; message: string } | undefined,
  defaultGroup: 'group default',
  events: new EventTarget(),
};
export const mediaDevices = {
  addEventListener: system.events.addEventListener.bind(system.events),
  removeEventListener: system.events.removeEventListener.bind(system.events),
  async enumerateDevices() {
    return [{ kind: 'audioinput', deviceId: 'default', groupId: system.defaultGroup }];
  },
  async getUserMedia({ audio }: { audio: MediaTrackConstraints }) {
    system.asked.push(audio);
    if (system.refusal) throw Object.assign(new Error(system.refusal.message), { name: system.refusal.name });
    const track = new FakeTrack((audio.deviceId as { exact: string } | undefined)?.exact ?? 'default');
    system.tracks.push(track);
    return { getTracks: () => [track], getAudioTracks: () => [track] };
  },
};

/** Before the tests of a file: the page's globals, and a system as new for each. */
export function useFakeSystem(): void {
  beforeAll(() => {
    vi.stubGlobal('AudioContext', FakeAudioContext);
    vi.stubGlobal('AudioWorkletNode', FakeAudioWorkletNode);
    vi.stubGlobal('navigator', { mediaDevices });
  });
  afterAll(() => vi.unstubAllGlobals());
  beforeEach(() => {
    Object.assign(system, { asked: [], tracks: [], refusal: undefined, defaultGroup: 'group default' });
  });
}

/** An open microphone, the sound it hears, and everything it gives. */
export async function open(options: MicrophoneOptions = {}) {
  const sound = new FakeAudioContext({ sampleRate: RATE });
  const microphone = await openMicrophone({ context: sound as never, ...options });
  onTestFinished(() => microphone.close());
  return { microphone, sound };
}
export async function listen(options: MicrophoneOptions = {}) {
  const { microphone, sound } = await open(options);
  const pieces: Captured[] = [];
  const over = (async () => {
    for await (const piece of microphone) pieces.push(piece);
  })();
  over.catch(() => undefined);
  return { microphone, sound, pieces, over };
}
/** What was asked of promises and events is done. */
export const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

export function expectWhole(pieces: readonly Captured[]): void {
  let at = 0;
  for (const piece of pieces) {
    expect(piece.from).toBe(at);
    expect(piece.pts).toBe(Math.round((at * 1e6) / RATE));
    if (piece.kind === 'rows') {
      expect(piece.rows).toHaveLength(piece.to - piece.from);
      expect(piece.rows.every((x) => x === 0.5)).toBe(true);
    }
    at = piece.to;
  }
}
/** Milliseconds of sound and of each reason, in order; one row is a sixteenth. */
export const story = (pieces: readonly Captured[]) => {
  const told: [string, number][] = [];
  for (const piece of pieces) {
    const what = piece.kind === 'gap' ? piece.why : 'sound';
    const ms = (piece.to - piece.from) / 16;
    const last = told.at(-1);
    if (last?.[0] === what) last[1] += ms;
    else told.push([what, ms]);
  }
  return told;
};
