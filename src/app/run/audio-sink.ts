// Audio results to a wav file or the speakers. Chunks are queued as they come and written in order; a gap is as much silence,
// so that what was written keeps time with what was heard.

import { engineError } from '../../base/errors.ts';
import type { Output, SessionSummary } from '../../session/session-options.ts';
import { openSpeakers } from '../../transport/audio/speakers.ts';
import { createWavWriter } from '../../transport/audio/wav-writer.ts';

export interface AudioSink {
  write(output: Output): void;
  drained(): Promise<void>;
  /** @throws ERR_USAGE when the pipeline gave no audio at all */
  end(summary?: SessionSummary): Promise<void>;
}

/** @param where 'speakers' or the path of a wav file to be written */
export async function createAudioSink(where: string, format: { rateHz: number; width: number }): Promise<AudioSink> {
  const target = where === 'speakers' ? await openSpeakers(format) : await createWavWriter(where, format);
  let written: Promise<unknown> = Promise.resolve();
  let chunks = 0;

  /** In pieces of a second: a gap may be hours long. */
  async function writeSilence(rows: number): Promise<void> {
    for (let left = rows; left > 0; left -= format.rateHz) {
      await target.write(new Float32Array(Math.min(left, format.rateHz) * format.width));
    }
  }

  return {
    write({ item }) {
      if (item.kind === 'gap') written = written.then(() => writeSilence(item.to - item.from));
      if (item.kind !== 'chunk') return;
      chunks++;
      const data = item.data.slice();
      written = written.then(() => target.write(data));
    },
    drained: async () => void (await written),
    async end() {
      await written;
      await target.close();
      if (chunks > 0) return;
      throw engineError('ERR_USAGE', `this pipeline gives no audio for ${where}`, {
        expected: '--out - or --out results.jsonl for readings',
      });
    },
  };
}
