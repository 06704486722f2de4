// The microphone helper without a browser: its worklet and all its logic, on sound whose time the test moves, with devices
// that come and go as the test says. In a real browser: browser-microphone.test.ts.

import { from, lastValueFrom, take, toArray } from 'rxjs';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { connect } from '../../src/client/index.ts';
import type { Captured } from '../../src/client/microphone/index.ts';
import { startServer, type TestServer } from '../server/test-server.ts';
import { expectWhole, listen, open, RATE, settle, story, system, useFakeSystem } from './microphones.ts';

useFakeSystem();

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
