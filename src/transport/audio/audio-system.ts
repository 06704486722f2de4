// The only import of node-web-audio-api, made when sound hardware or a compressed file is first asked for: the rest of
// Millrace runs where its native library cannot load. What it throws becomes ERR_AUDIO_SYSTEM with advice.

import { type EngineError, engineError } from '../../base/errors.ts';

/** Its type declarations forget `mediaDevices`. */
export type AudioSystem = typeof import('node-web-audio-api') & { readonly mediaDevices: MediaDevices };

/**
 * @param load how to get the library; given by tests that make it fail as the system's loader does
 * @throws ERR_AUDIO_SYSTEM if the native library cannot be loaded on this machine
 */
export async function loadAudioSystem(
  load: () => Promise<AudioSystem> = async () => (await import('node-web-audio-api')) as unknown as AudioSystem,
): Promise<AudioSystem> {
  try {
    return await load();
  } catch (thrown) {
    throw audioSystemError('the audio library cannot be loaded', thrown);
  }
}

/** ERR_AUDIO_SYSTEM for what the library threw while doing `what`, with what the reader can do about it. */
export function audioSystemError(what: string, thrown: unknown): EngineError {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return engineError('ERR_AUDIO_SYSTEM', `${what}: ${message.split('\n')[0]}`, {
    cause: thrown,
    expected: advice(message),
  });
}

function advice(message: string): string {
  if (message.includes('libasound')) {
    return 'the ALSA library: apt-get install libasound2 (libasound2t64 on Debian 13, Ubuntu 24.04 and later); wav files work without it';
  }
  if (message.includes('DeviceNotAvailable')) {
    return 'a sound device that this user may open (in a container: --device /dev/snd); audio files work without one';
  }
  if (/Unsupported|native binding|libc\.musl|GLIBC|ld-linux/.test(message)) {
    return 'Windows, macOS or Linux with glibc, for which the library is built; wav files work everywhere';
  }
  return 'a working sound system; wav files work without one';
}
