// The microphone helper without a browser: its worklet and all its logic, on sound whose time the test moves, with devices
// that come and go as the test says. In a real browser: browser.test.ts.

import { from, lastValueFrom, take, toArray } from 'rxjs';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { connect } from '../../src/client/index.ts';
import { type Captured, type MicrophoneOptions, openMicrophone } from '../../src/client/microphone/index.ts';
import { FakeAudioContext, FakeAudioWorkletNode, FakeTrack } from '../helpers/sound-graph.ts';
import { startServer, type TestServer } from '../server/test-server.ts';

const RATE = 16_000;

/** What the system has, and what it does when it is asked. */
const system = {
  asked: [] as MediaTrackConstraints[],
  tracks: [] as FakeTrack[],
  refusal: undefined as { name: string; message: string } | undefined,
  defaultGroup: 'group default',
  events: new EventTarget(),
};
const mediaDevices = {
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

beforeAll(() => {
  vi.stubGlobal('AudioContext', FakeAudioContext);
  vi.stubGlobal('AudioWorkletNode', FakeAudioWorkletNode);
  vi.stubGlobal('navigator', { mediaDevices });
});
afterAll(() => vi.unstubAllGlobals());
beforeEach(() => {
  Object.assign(system, { asked: [], tracks: [], refusal: undefined, defaultGroup: 'group default' });
});

/** An open microphone, the sound it hears, and everything it gives. */
async function open(options: MicrophoneOptions = {}) {
  const sound = new FakeAudioContext({ sampleRate: RATE });
  const microphone = await openMicrophone({ context: sound as never, ...options });
  onTestFinished(() => microphone.close());
  return { microphone, sound };
}
async function listen(options: MicrophoneOptions = {}) {
  const { microphone, sound } = await open(options);
  const pieces: Captured[] = [];
  const over = (async () => {
    for await (const piece of microphone) pieces.push(piece);
  })();
  over.catch(() => undefined);
  return { microphone, sound, pieces, over };
}
/** What was asked of promises and events is done. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

function expectWhole(pieces: readonly Captured[]): void {
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
const story = (pieces: readonly Captured[]) => {
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

describe('a microphone', () => {
  it('gives every row since its first sound, as sound or as missing: muted, moved to another device, closed', async () => {
    const states: string[] = [];
    const devices: string[] = [];
    const { microphone, sound, pieces, over } = await listen({
      onState: (state) => states.push(state),
      onDevice: ({ label }) => devices.push(label),
    });
    expect(microphone.format).toEqual({ encoding: 'pcm_s16le', rate: RATE, channels: 1 });
    await sound.pass(216); // 16 ms of it zeros
    microphone.mute();
    expect(microphone.muted).toBe(true);
    await settle();
    await sound.pass(400);
    microphone.unmute();
    await settle();
    await sound.pass(200);
    await microphone.use('headset');
    expect(microphone.device).toEqual({ deviceId: 'headset', label: 'device headset' });
    await sound.pass(200);
    await microphone.close();
    await over;
    expectWhole(pieces);
    expect(story(pieces)).toEqual([
      ['sound', 200],
      ['muted', 400],
      ['sound', 200],
      ['device', 16],
      ['sound', 184],
    ]);
    expect(pieces[0]).toMatchObject({ kind: 'rows', from: 0, to: 160 });
    expect(devices).toEqual(['device default', 'device headset']);
    expect(states).toEqual(['running', 'closed']);
    expect(system.tracks.map(({ readyState }) => readyState)).toEqual(['ended', 'ended']);
    expect(system.asked[0]).toEqual({
      channelCount: { ideal: 1 },
      echoCancellation: false,
      noiseSuppression: false,
      autoGainControl: false,
    });
  });

  it('goes on with the default device when its own is pulled out, at once or when there is one', async () => {
    const states: string[] = [];
    const { microphone, sound, pieces, over } = await listen({
      deviceId: 'headset',
      onState: (state) => states.push(state),
    });
    await sound.pass(216);
    system.refusal = { name: 'NotFoundError', message: 'none left' };
    system.tracks[0]!.say('ended');
    expect(microphone.state).toBe('searching');
    expect(microphone.device).toBeUndefined();
    await settle();
    await sound.pass(2400);
    system.refusal = undefined;
    system.events.dispatchEvent(new Event('devicechange'));
    await settle();
    await sound.pass(216);
    expect(microphone.device).toMatchObject({ deviceId: 'default' });
    system.tracks[1]!.say('ended');
    await settle();
    expect(microphone.state).toBe('running');
    await sound.pass(200);
    await microphone.close();
    await over;
    expectWhole(pieces);
    expect(story(pieces)).toEqual([
      ['sound', 200],
      ['device', 2416],
      ['sound', 200],
      ['device', 16],
      ['sound', 184],
    ]);
    expect(states).toEqual(['running', 'searching', 'running', 'searching', 'running', 'closed']);
  });

  it('looks for a device by itself where the browser says nothing of a new one', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const { microphone, sound } = await listen();
    await sound.pass(200);
    system.refusal = { name: 'NotFoundError', message: 'none left' };
    system.tracks[0]!.say('ended');
    await vi.advanceTimersByTimeAsync(5000);
    expect(system.asked).toHaveLength(4);
    expect(microphone.state).toBe('searching');
    system.refusal = undefined;
    await vi.advanceTimersByTimeAsync(2000);
    expect(microphone.state).toBe('running');
    await vi.advanceTimersByTimeAsync(20_000);
    expect(system.asked).toHaveLength(5);
  });

  it('follows the default device when that is another one, but keeps one that was asked for', async () => {
    const { microphone } = await open();
    system.events.dispatchEvent(new Event('devicechange'));
    await settle();
    expect(system.asked).toHaveLength(1);
    system.defaultGroup = 'group of new headphones';
    system.events.dispatchEvent(new Event('devicechange'));
    await settle();
    expect(system.asked).toHaveLength(2);
    await microphone.use('desk');
    system.defaultGroup = 'group of others';
    system.events.dispatchEvent(new Event('devicechange'));
    await settle();
    expect(system.asked).toHaveLength(3);
    system.refusal = { name: 'OverconstrainedError', message: '' };
    await expect(microphone.use('gone')).rejects.toMatchObject({ code: 'ERR_AUDIO_SYSTEM' });
    expect(microphone.device).toMatchObject({ deviceId: 'desk' });
  });

  it('takes what the system mutes for a device that is away', async () => {
    const { sound, pieces } = await listen();
    await sound.pass(216);
    const [track] = system.tracks;
    for (const event of ['mute', 'unmute'] as const) {
      track!.muted = event === 'mute';
      track!.say(event);
      await settle();
      await sound.pass(2400);
    }
    await settle();
    expectWhole(pieces);
    expect(story(pieces)).toEqual([
      ['sound', 200],
      ['device', 2400],
      ['sound', 2400],
    ]);
  });

  it('declares the time for which its context stood still', async () => {
    const states: string[] = [];
    const { microphone, sound, pieces } = await listen({ onState: (state) => states.push(state) });
    await sound.pass(216);
    await microphone.suspend();
    expect(microphone.state).toBe('suspended');
    await sound.pass(60_000);
    await microphone.resume();
    await sound.pass(200);
    await settle();
    expectWhole(pieces);
    const [, [why, ms]] = story(pieces) as [unknown, [string, number]];
    expect(why).toBe('suspended');
    expect(Math.abs(ms - 60_000)).toBeLessThanOrEqual(8);
    expect(states).toEqual(['running', 'suspended', 'running']);
  });

  it('drops the oldest for a reader who is too slow, and says so', async () => {
    const { microphone, sound } = await open({ bufferMs: 200 });
    const reader = microphone[Symbol.asyncIterator]();
    await sound.pass(616);
    await settle();
    const pieces: Captured[] = [];
    while (pieces.length < 21) pieces.push((await reader.next()).value as Captured);
    expectWhole(pieces);
    expect(story(pieces)).toEqual([
      ['overrun', 400],
      ['sound', 200],
    ]);
    await reader.return(undefined); // a reader who leaves closes it
    expect(microphone.state).toBe('closed');
  });

  it('is an observable for RxJS, which closes it when it has enough', async () => {
    const { microphone, sound } = await open({ chunkMs: 20, muted: true });
    const five = lastValueFrom(from(microphone).pipe(take(5), toArray()));
    await sound.pass(48); // muted from the start: that is time too
    microphone.unmute();
    await settle();
    await sound.pass(200);
    const pieces = await five;
    expect(pieces.map(({ to }) => to / 16)).toEqual([48, 68, 88, 108, 128]);
    await vi.waitFor(() => expect(microphone.state).toBe('closed'));
  });

  it('sends itself to a client, and what the server counts is what was given', async () => {
    const server: TestServer = await startServer({ gapRowsMax: 1000 });
    onTestFinished(() => server.close());
    const { microphone, sound } = await open();
    const client = connect(server.url, { pipeline: 'energy', format: microphone.format });
    const sending = microphone.sendTo(client);
    await sound.pass(1016);
    microphone.mute();
    await settle();
    await sound.pass(800);
    microphone.unmute();
    await settle();
    await sound.pass(200);
    await microphone.close();
    await sending;
    // 12,800 muted rows go in pieces of the server's 1000, and are one gap.
    expect(await client.end()).toMatchObject({ offset: 32_000, results: 120, gaps: 1 });
  });
});

describe('a page that gets no microphone', () => {
  const refused = async (name: string, options: MicrophoneOptions = {}) => {
    system.refusal = { name, message: 'because' };
    const outcome = await openMicrophone(options).catch((thrown) => thrown);
    return outcome as { code: string; message: string; expected: string };
  };

  it.each([
    ['NotAllowedError', 'ERR_MICROPHONE_DENIED', /permissions/],
    ['SecurityError', 'ERR_MICROPHONE_DENIED', /permissions/],
    ['NotFoundError', 'ERR_AUDIO_SYSTEM', /connected/],
    ['NotReadableError', 'ERR_AUDIO_SYSTEM', /other program/],
    ['OverconstrainedError', 'ERR_AUDIO_SYSTEM', /deviceId/],
    ['SomethingNew', 'ERR_AUDIO_SYSTEM', /working microphone/],
  ])('is told why and what to do: %s', async (name, code, advice) => {
    const error = await refused(name);
    expect(error.code).toBe(code);
    expect(error.message).toContain(name);
    expect(error.expected).toMatch(advice);
  });

  it('is told that it must be secure, that options are wrong, that a worklet is not to be had', async () => {
    vi.stubGlobal('navigator', {});
    const insecure = await openMicrophone().catch((thrown) => thrown);
    vi.stubGlobal('navigator', { mediaDevices });
    expect(insecure).toMatchObject({ code: 'ERR_AUDIO_SYSTEM', expected: expect.stringContaining('https') });
    await expect(openMicrophone({ chunkMs: 1 })).rejects.toMatchObject({ code: 'ERR_USAGE' });
    const lost = await openMicrophone({ workletUrl: '/no/such.js' }).catch((thrown) => thrown);
    expect(lost).toMatchObject({ code: 'ERR_AUDIO_SYSTEM', expected: expect.stringContaining('/no/such.js') });
    expect(system.tracks.every(({ readyState }) => readyState === 'ended')).toBe(true);
  });

  it('loses it for good when leave is taken back: the reader fails with the code', async () => {
    const { microphone, sound, over } = await listen();
    await sound.pass(200);
    system.refusal = { name: 'NotAllowedError', message: 'taken back' };
    system.tracks[0]!.say('ended');
    await expect(over).rejects.toMatchObject({ code: 'ERR_MICROPHONE_DENIED' });
    expect(microphone.state).toBe('closed');
    await expect(microphone.use('desk')).rejects.toMatchObject({ code: 'ERR_MICROPHONE_DENIED' });
  });
});
