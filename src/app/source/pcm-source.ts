// Raw samples from a pipe: `ffmpeg ... -f s16le - | millrace run --in - --rate 16000`. Bytes come in any pieces; a row cut in
// two by them is put together again, and one cut off by the end of the pipe is a faulty row, not silence.

import type { Readable } from 'node:stream';
import { decodeRows, rowBytesMin } from '../../wire/rows.ts';
import { piecesOf } from './pieces-of.ts';
import { channelNames, type Source, type SourceBlock } from './source.ts';

export interface PcmOptions {
  readonly rateHz: number;
  readonly width: number;
  readonly encoding: 'pcm_s16le' | 'f32le';
}

export function openPcm(input: Readable, { rateHz, width, encoding }: PcmOptions): Source {
  const format = { encoding, channels: width };
  const rowBytes = rowBytesMin(format);
  async function* blocks(): AsyncIterable<SourceBlock> {
    let rest: Uint8Array = new Uint8Array(0);
    for await (const piece of piecesOf(input)) {
      const bytes = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
      const whole = bytes.length - (bytes.length % rowBytes);
      rest = bytes.slice(whole); // a copy of fewer bytes than one row
      if (whole > 0) yield { rows: decodeRows(bytes.subarray(0, whole), format).rows };
    }
    if (rest.length === 0) return;
    const fault = {
      row: 0,
      column: channelNames(width)[0]!,
      text: `the input ends after ${rest.length} of ${rowBytes} bytes`,
    };
    yield { rows: new Float32Array(width).fill(Number.NaN), faults: [fault] };
  }
  return {
    kind: 'audio',
    live: true,
    rateHz,
    width,
    names: channelNames(width),
    blocks,
    async close() {
      input.destroy();
    },
  };
}
