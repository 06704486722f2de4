// What a client of Deepgram's live listening asks for in its address: /v1/listen?encoding=linear16&sample_rate=16000&…
// What would need speech recognition (model, language, punctuate, …) is not read; what would make the answers other than they are
// asked for is refused before there is a stream. Both lists: docs/compat.md.

import { type EngineError, type ErrorCode, engineError } from '../../../base/errors.ts';

export interface DeepgramQuery {
  readonly rate: number;
  readonly channels: number;
  /** Results whose words may not be all. */
  readonly interim: boolean;
  readonly vadEvents: boolean;
  /** Pause after which an utterance is over; undefined: pauses are not told (endpointing=false). */
  readonly endpointingMs: number | undefined;
  /** Pause after which UtteranceEnd is sent; undefined: never. */
  readonly utteranceEndMs: number | undefined;
}

/** Deepgram's own. */
const ENDPOINTING_MS_DEFAULT = 10;
const UTTERANCE_END_MS_MIN = 1000;
const PAUSE_MS_MAX = 60_000;
const CHANNELS_MAX = 16;
const RATE_MAX = 192_000;

/** @param url path and query of a request @throws ERR_FORMAT_UNSUPPORTED, ERR_OPTION_INVALID */
export function readDeepgramQuery(url: string): DeepgramQuery {
  const at = url.indexOf('?');
  const query = new URLSearchParams(at < 0 ? '' : url.slice(at));
  if (query.get('encoding')?.toLowerCase() !== 'linear16') {
    const expected = 'encoding=linear16: no other is decoded here, and no container';
    throw engineError('ERR_FORMAT_UNSUPPORTED', 'encoding is missing or cannot be taken', { expected });
  }
  const channels = wholeOf(query, 'channels', 1, CHANNELS_MAX, 'ERR_FORMAT_UNSUPPORTED') ?? 1;
  const rate = wholeOf(query, 'sample_rate', 1, RATE_MAX, 'ERR_FORMAT_UNSUPPORTED');
  if (rate === undefined) {
    const expected = 'sample_rate=16000, or whatever it is';
    throw engineError('ERR_FORMAT_UNSUPPORTED', 'sample_rate is missing', { expected });
  }
  if (flagOf(query, 'multichannel') && channels > 1) {
    throw refuse('multichannel', 'one channel, or several that are mixed (multichannel=false)');
  }
  if (query.has('callback')) throw refuse('callback', 'to read the answers from the connection itself');
  return {
    rate,
    channels,
    interim: flagOf(query, 'interim_results'),
    vadEvents: flagOf(query, 'vad_events'),
    endpointingMs: endpointingOf(query),
    utteranceEndMs: wholeOf(query, 'utterance_end_ms', UTTERANCE_END_MS_MIN, PAUSE_MS_MAX),
  };
}

function endpointingOf(query: URLSearchParams): number | undefined {
  const text = query.get('endpointing')?.toLowerCase();
  if (text === 'false') return undefined;
  return text === 'true'
    ? ENDPOINTING_MS_DEFAULT
    : (wholeOf(query, 'endpointing', 0, PAUSE_MS_MAX) ?? ENDPOINTING_MS_DEFAULT);
}

/** Absent is false. True and False are what Python says. */
function flagOf(query: URLSearchParams, name: string): boolean {
  const text = (query.get(name) ?? 'false').toLowerCase();
  if (text !== 'true' && text !== 'false') throw refuse(name, 'true or false');
  return text === 'true';
}

function wholeOf(
  query: URLSearchParams,
  name: string,
  min: number,
  max: number,
  code: ErrorCode = 'ERR_OPTION_INVALID',
): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  const number = /^\d+$/.test(text) ? Number(text) : NaN;
  if (number >= min && number <= max) return number;
  throw refuse(name, `a whole number from ${min} to ${max}`, code);
}

const refuse = (name: string, expected: string, code: ErrorCode = 'ERR_OPTION_INVALID'): EngineError =>
  engineError(code, `${name} cannot be as it is asked for`, { expected });
