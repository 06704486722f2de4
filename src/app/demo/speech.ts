// First half of the demo: a real recording over a real WebSocket, 10 ms a message, as a microphone would send it. Prints
// what the cell says and how long every chunk took from send to answer, client and network included.

import { connect, type EndMessage, type ResultMessage } from '../../client/index.ts';
import { print, quantile } from '../print.ts';
import { pace } from './pace.ts';

export interface SpeechDemo {
  readonly url: string;
  readonly rateHz: number;
  readonly samples: Float32Array;
  /** As fast as the server answers, instead of real time. */
  readonly fast: boolean;
}

export interface SpeechRun {
  /** Probability per 10 ms hop. */
  readonly speech: Float32Array;
  /** Milliseconds from send to answer, one per chunk. */
  readonly latencyMs: Float32Array;
  readonly stateBytes: number;
  readonly end: EndMessage;
}

const CHUNK_MS = 10;
const CHUNKS_A_LINE = 10;

export async function demoSpeech({ url, rateHz, samples, fast }: SpeechDemo): Promise<SpeechRun> {
  const chunkRows = (rateHz * CHUNK_MS) / 1000;
  const chunks = Math.floor(samples.length / chunkRows);
  const speech = new Float32Array(chunks);
  const latencyMs = new Float32Array(chunks);
  const sentAt = new Float64Array(chunks);
  const onResult = ({ seq, data }: ResultMessage): void => {
    if (seq >= chunks) return;
    speech[seq] = (data as { speech: number }).speech;
    latencyMs[seq] = performance.now() - sentAt[seq]!;
    if ((seq + 1) % CHUNKS_A_LINE === 0) print(lineOf(seq + 1 - CHUNKS_A_LINE, samples, speech, latencyMs, chunkRows));
  };
  const client = connect(url, {
    pipeline: 'vad',
    format: { encoding: 'pcm_s16le', rate: rateHz, channels: 1 },
    onResult,
  });
  const { state_bytes: stateBytes } = await client.ready;
  const beat = pace(fast ? 0 : CHUNK_MS);
  for (let chunk = 0; chunk < chunks; chunk++) {
    await beat();
    sentAt[chunk] = performance.now();
    await client.send(toPcm(samples.subarray(chunk * chunkRows, (chunk + 1) * chunkRows)));
  }
  if (samples.length > chunks * chunkRows) await client.send(toPcm(samples.subarray(chunks * chunkRows)));
  return { speech, latencyMs, stateBytes, end: await client.end() };
}

/** `0:01.60  ▂▃▅▇▆  ███████░ 0.93  answered after 0.31 0.28 ... ms` for ten chunks. */
function lineOf(
  first: number,
  samples: Float32Array,
  speech: Float32Array,
  latencyMs: Float32Array,
  rows: number,
): string {
  let wave = '';
  for (let chunk = first; chunk < first + CHUNKS_A_LINE; chunk += 2) {
    const part = samples.subarray(chunk * rows, (chunk + 2) * rows);
    const rms = Math.sqrt(part.reduce((sum, x) => sum + x * x, 0) / part.length);
    wave += '▁▂▃▄▅▆▇█'[Math.min(7, Math.floor(rms * 60))];
  }
  const p = quantile([...speech.subarray(first, first + CHUNKS_A_LINE)], 0.5);
  const bar = '█'.repeat(Math.round(10 * p)).padEnd(10, '·');
  const times = Array.from(latencyMs.subarray(first, first + CHUNKS_A_LINE), (ms) => ms.toFixed(2)).join(' ');
  return `${((first * CHUNK_MS) / 1000).toFixed(1).padStart(5)} s ${wave} speech ${bar} ${p.toFixed(2)}  ms per chunk ${times}`;
}

const toPcm = (samples: Float32Array): Int16Array =>
  Int16Array.from(samples, (x) => Math.max(-32_768, Math.min(32_767, Math.round(x * 32_768))));
