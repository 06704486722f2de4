// Audio as a source: a file of any format that transport/audio reads, or the microphone.

import { decodeAudioFile } from '../../transport/audio/decode.ts';
import { openMicrophone } from '../../transport/audio/microphone.ts';
import { channelNames, type Source, type SourceBlock } from './source.ts';

/** @throws ERR_FILE_NOT_FOUND, ERR_FILE_NOT_AUDIO, ERR_AUDIO_SYSTEM */
export async function openAudioFile(path: string): Promise<Source> {
  const audio = await decodeAudioFile(path);
  const { rateHz, width, frames } = audio;
  let closed = false;
  async function* blocksFrom(first: number): AsyncIterable<SourceBlock> {
    for await (const rows of audio.blocks(first)) {
      if (closed) return;
      yield { rows };
    }
  }
  return {
    kind: 'audio',
    live: false,
    rateHz,
    width,
    names: channelNames(width),
    seconds: frames / rateHz,
    blocks: () => blocksFrom(0),
    blocksFrom,
    async close() {
      closed = true;
    },
  };
}

/** @throws ERR_AUDIO_SYSTEM */
export async function openMicrophoneSource(rateHz: number, width: number): Promise<Source> {
  const microphone = await openMicrophone({ rateHz, width });
  return {
    kind: 'audio',
    live: true,
    rateHz,
    width,
    names: channelNames(width),
    blocks: () => microphone,
    close: () => microphone.close(),
  };
}
