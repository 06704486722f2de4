// A page that gets no microphone, or loses it: what it is told, and that nothing stays open.

import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { type MicrophoneOptions, openMicrophone } from '../../src/client/microphone/index.ts';
import { FakeAudioContext } from '../helpers/sound-graph.ts';
import { listen, mediaDevices, open, RATE, system, useFakeSystem } from './microphones.ts';

useFakeSystem();

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

  it('is told of a device that does not go with its rate, then or when it is to be used', async () => {
    const sound = new FakeAudioContext({ sampleRate: RATE });
    sound.refusesDevices = true;
    const error = await openMicrophone({ context: sound as never }).catch((thrown) => thrown);
    expect(error).toMatchObject({ code: 'ERR_AUDIO_SYSTEM', message: expect.stringContaining('16000 Hz') });
    sound.refusesDevices = false;
    const microphone = await openMicrophone({ context: sound as never });
    onTestFinished(() => microphone.close());
    sound.refusesDevices = true;
    await expect(microphone.use('desk')).rejects.toMatchObject({ code: 'ERR_AUDIO_SYSTEM' });
    expect(microphone.device).toMatchObject({ deviceId: 'default' });
    expect(system.tracks.map(({ readyState }) => readyState)).toEqual(['ended', 'live', 'ended']);
    expect(sound.state).toBe('running'); // the page's own
  });

  it('frees it when the client that it is sent to fails', async () => {
    const { microphone, sound } = await open();
    const sending = microphone.sendTo({
      send: () => Promise.reject(new Error('the stream was given up')),
      gap: () => Promise.resolve(),
    });
    await Promise.all([sound.pass(200), expect(sending).rejects.toThrow('given up')]);
    expect(microphone.state).toBe('closed');
    expect(system.tracks[0]!.readyState).toBe('ended');
    await microphone.close();
  });

  it('loses it for good when leave is taken back: the reader fails with the code', async () => {
    const { microphone, sound, over } = await listen();
    await sound.pass(200);
    system.refusal = { name: 'NotAllowedError', message: 'taken back' };
    system.tracks[0]!.say('ended');
    await expect(over).rejects.toMatchObject({ code: 'ERR_MICROPHONE_DENIED' });
    expect(microphone.state).toBe('closed');
    await expect(microphone.use('desk')).rejects.toMatchObject({ code: 'ERR_MICROPHONE_DENIED' });
    system.refusal = undefined; // leave is given, but this microphone is closed
    await expect(microphone.use('desk')).rejects.toMatchObject({
      code: 'ERR_AUDIO_SYSTEM',
      expected: expect.stringContaining('openMicrophone() again'),
    });
    expect(system.tracks.every(({ readyState }) => readyState === 'ended')).toBe(true);
  });
});
