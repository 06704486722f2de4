// Opens what `millrace run --in` names: an audio file, a CSV file (.gz too), '-' for the standard input, 'mic', 'cpu'.
// A file is known by its first bytes; its name decides only what error a file that is neither gets. What only one of them needs
// is loaded with it.

import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { extname } from 'node:path';
import type { Readable } from 'node:stream';
import { EngineError, engineError } from '../../base/errors.ts';
import { fileError } from '../../transport/audio/audio-file.ts';
import type { TimeUnit } from '../../wire/messages.ts';
import type * as CsvSource from './csv-source.ts';
import type { Source } from './source.ts';

export interface SourceOptions {
  /** mic, - : rows a second; CSV: overrides what its times say. Audio files keep their own. */
  readonly rateHz?: number;
  /** mic, - : channels, default 1. */
  readonly width?: number;
  /** - : default pcm_s16le. */
  readonly encoding?: 'pcm_s16le' | 'f32le' | 'csv';
  /** CSV: value columns, default all of numbers. */
  readonly columns?: readonly string[];
  /** CSV: name of the time column, '' for none, default found by itself. */
  readonly timeColumn?: string;
  readonly timeUnit?: TimeUnit;
  /** cpu: default 500. */
  readonly periodMs?: number;
  /** Where - reads from, default process.stdin. */
  readonly stdin?: Readable;
}

const INPUTS = 'an audio file (wav, flac, mp3, ogg), a CSV file (.gz too), - for the standard input, mic, or cpu';
const AUDIO_RATE_HZ = 16_000;
const CPU_PERIOD_MS = 500;
const AUDIO_NAMES = new Set([
  '.wav',
  '.flac',
  '.mp3',
  '.ogg',
  '.oga',
  '.opus',
  '.m4a',
  '.aac',
  '.aif',
  '.aiff',
  '.webm',
]);

/**
 * @throws ERR_USAGE, ERR_FILE_NOT_FOUND, ERR_FILE_NOT_AUDIO, ERR_FILE_NOT_CSV, ERR_AUDIO_SYSTEM; each says what was expected
 */
export async function openSource(input: string, options: SourceOptions = {}): Promise<Source> {
  const { rateHz, width = 1, encoding = 'pcm_s16le', periodMs = CPU_PERIOD_MS, stdin = process.stdin } = options;
  if (input === 'mic') {
    return (await import('./audio-source.ts')).openMicrophoneSource(rateHz ?? AUDIO_RATE_HZ, width);
  }
  if (input === 'cpu') return (await import('./cpu-source.ts')).openCpu(periodMs);
  if (input === '-') {
    if (encoding === 'csv') return openCsv('the standard input', true, () => stdin, options);
    if (rateHz !== undefined) return (await import('./pcm-source.ts')).openPcm(stdin, { rateHz, width, encoding });
    throw engineError('ERR_USAGE', 'the standard input does not say its rate', {
      expected: '--rate, e.g. --rate 16000',
    });
  }
  const head = await readHead(input);
  const text = head.length > 0 && looksLikeCsv(head) && !AUDIO_NAMES.has(extname(input).toLowerCase());
  if (text || /\.(csv|csv\.gz)$/i.test(input)) return openCsv(input, false, () => createReadStream(input), options);
  return (await import('./audio-source.ts')).openAudioFile(input);
}

const openCsv: typeof CsvSource.openCsv = async (...csv) => (await import('./csv-source.ts')).openCsv(...csv);

async function readHead(path: string): Promise<Uint8Array> {
  const refused = (thrown: unknown) => {
    const error = fileError(path, thrown);
    if (!(error instanceof EngineError) || error.code !== 'ERR_FILE_NOT_FOUND') throw error;
    throw engineError(error.code, error.message, { expected: INPUTS, cause: thrown });
  };
  const file = await open(path).catch(refused);
  try {
    const { buffer, bytesRead } = await file.read(new Uint8Array(512), 0, 512, 0).catch(refused);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** Text without control characters, or gzip: nothing that we play is either. */
function looksLikeCsv(head: Uint8Array): boolean {
  if (head[0] === 0x1f && head[1] === 0x8b) return true;
  return head.every((byte) => byte >= 32 || byte === 9 || byte === 10 || byte === 13) && head.includes(0x2c);
}
