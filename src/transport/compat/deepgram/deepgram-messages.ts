// What Deepgram's live listening answers, as text. Shapes: its AsyncAPI document for /v1/listen; fields that it requires are all
// there. Times are seconds since the stream began.

import type { ErrorMessage, ReadyMessage } from '../../../wire/messages.ts';
import { seconds, share } from '../spoken.ts';
import type { Utterance } from '../utterances.ts';

/** Which channel of how many: they are mixed, so the first of one. */
const CHANNEL = [0, 1];

export interface ResultsKind {
  readonly final: boolean;
  /** The speaker has paused. */
  readonly paused: boolean;
  readonly fromFinalize: boolean;
}

/** Who answers: in every result. */
export interface DeepgramMetadata {
  readonly request_id: string;
  readonly model_info: { readonly name: string; readonly version: string; readonly arch: string };
  readonly model_uuid: string;
}

export function metadataOf({ session, pipeline, numerics, model }: ReadyMessage): DeepgramMetadata {
  return {
    request_id: session,
    model_info: { name: `millrace-${pipeline}`, version: numerics, arch: 'millrace' },
    model_uuid: uuidOf(model?.sha256 ?? ''),
  };
}

/** The first half of a hash in the form of a UUID, since clients may want one. */
function uuidOf(sha256: string): string {
  const hex = sha256.replace(/^sha256:/, '').padEnd(32, '0');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-');
}

export function resultsText(
  { from, to, words }: Utterance,
  { final, paused, fromFinalize }: ResultsKind,
  rate: number,
  metadata: DeepgramMetadata,
): string {
  const told = words.map((word) => ({
    word: word.text,
    start: seconds(word.from, rate),
    end: seconds(word.to, rate),
    confidence: share(word.score),
  }));
  const sum = words.reduce((total, { score }) => total + score, 0);
  const transcript = words.map(({ text }) => text).join(' ');
  return JSON.stringify({
    type: 'Results',
    channel_index: CHANNEL,
    duration: seconds(to - from, rate),
    start: seconds(from, rate),
    is_final: final,
    speech_final: paused,
    channel: {
      alternatives: [{ transcript, confidence: words.length === 0 ? 0 : share(sum / words.length), words: told }],
    },
    metadata,
    from_finalize: fromFinalize,
  });
}

export const speechStartedText = (row: number, rate: number): string =>
  JSON.stringify({ type: 'SpeechStarted', channel: CHANNEL, timestamp: seconds(row, rate) });

/** `last_word_end` is where speech ended when no word was known in it. */
export function utteranceEndText({ to, words }: Utterance, rate: number): string {
  return JSON.stringify({
    type: 'UtteranceEnd',
    channel: CHANNEL,
    last_word_end: seconds(words.at(-1)?.to ?? to, rate),
  });
}

export interface Totals {
  /** Of all audio that came, in hex. */
  readonly sha256: string;
  /** When the stream began: ISO 8601. */
  readonly created: string;
  readonly rows: number;
  readonly rate: number;
  readonly channels: number;
}

export function closingText({ request_id, model_info, model_uuid }: DeepgramMetadata, totals: Totals): string {
  return JSON.stringify({
    type: 'Metadata',
    transaction_key: 'deprecated',
    request_id,
    sha256: totals.sha256,
    created: totals.created,
    duration: seconds(totals.rows, totals.rate),
    channels: totals.channels,
    models: [model_uuid],
    model_info: { [model_uuid]: model_info },
  });
}

/** Deepgram's words for what ends a stream: silence, and what is no audio. Others have none. */
export function variantOf(code: string): string {
  if (code === 'ERR_IDLE') return 'NET-0001';
  return code === 'ERR_WIRE_MALFORMED' || code === 'ERR_WIRE_TOO_LARGE' ? 'DATA-0000' : '';
}

export function errorText({ code, message, expected }: ErrorMessage): string {
  const description = expected === undefined ? message : `${message}; expected: ${expected}`;
  return JSON.stringify({ type: 'Error', description, message: code, variant: variantOf(code) });
}
