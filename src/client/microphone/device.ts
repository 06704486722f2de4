// Which microphone a page gets, and why it gets none: getUserMedia with its refusals in our words.

import { type EngineError, engineError } from '../../base/errors.ts';
import type { MicrophoneOptions } from './options.ts';

/** @throws ERR_MICROPHONE_DENIED, ERR_AUDIO_SYSTEM */
export async function openDevice(
  { channels = 1, processing = false }: MicrophoneOptions,
  deviceId: string | undefined,
): Promise<MediaStream> {
  const audio: MediaTrackConstraints = {
    ...(deviceId === undefined ? {} : { deviceId: { exact: deviceId } }),
    channelCount: { ideal: channels },
    echoCancellation: processing,
    noiseSuppression: processing,
    autoGainControl: processing,
  };
  try {
    return await mediaDevices().getUserMedia({ audio });
  } catch (thrown) {
    throw deviceError(thrown);
  }
}

/** Gives the device back. */
export function closeDevice(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}

/** @throws ERR_AUDIO_SYSTEM where there is none: a page that is not secure, Node */
export function mediaDevices(): MediaDevices {
  // A page that did not come over https, or from this machine, has none.
  const found = (globalThis.navigator as Partial<Navigator> | undefined)?.mediaDevices;
  if (found) return found;
  throw engineError('ERR_AUDIO_SYSTEM', 'there are no microphones here', {
    expected: 'a page over https:// or from http://localhost; in Node: millrace run --in mic',
  });
}

/** Whether another device is now what "the default one" means. Only browsers that list a device "default" say so. */
export async function isDefaultElsewhere(track: MediaStreamTrack): Promise<boolean> {
  const listed = await mediaDevices().enumerateDevices();
  const now = listed.find(({ kind, deviceId }) => kind === 'audioinput' && deviceId === 'default')?.groupId;
  const { groupId } = track.getSettings();
  return Boolean(now && groupId && now !== groupId);
}

const ADVICE: Readonly<Record<string, string>> = {
  NotFoundError: 'a microphone: none is connected, or the system hides it',
  NotReadableError: 'a microphone that no other program holds for itself',
  AbortError: 'a microphone that the system can start: try again',
  OverconstrainedError: 'a deviceId of navigator.mediaDevices.enumerateDevices(), or none for the default device',
  TypeError: 'a page over https:// or from http://localhost',
};

/** What getUserMedia threw, as ours; what is ours already stays. */
function deviceError(thrown: unknown): EngineError {
  const { name = 'Error', message = '', code } = thrown as Partial<DOMException> & { code?: unknown };
  if (typeof code === 'string') return thrown as EngineError;
  const said = message ? `${name}: ${message}` : name;
  if (name === 'NotAllowedError' || name === 'SecurityError') {
    return engineError('ERR_MICROPHONE_DENIED', `the microphone was refused: ${said}`, {
      cause: thrown,
      expected:
        'leave to use it: the page\'s permissions beside its address, the system\'s privacy settings; in a frame, allow="microphone"',
    });
  }
  const expected = ADVICE[name] ?? 'a working microphone';
  return engineError('ERR_AUDIO_SYSTEM', `no microphone: ${said}`, { cause: thrown, expected });
}
