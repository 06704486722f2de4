// Deepgram's live listening (developers.deepgram.com/reference/speech-to-text/listen-streaming): what is wanted stands in the
// address, audio comes as binary messages, answers whenever there are some.
//   -> <16-bit samples>          <- {"type":"SpeechStarted"} {"type":"Results",…} {"type":"UtteranceEnd"}, as asked for
//   -> {"type":"Finalize"}       <- {"type":"Results",…,"from_finalize":true}: what there is so far
//   -> {"type":"KeepAlive"}      nothing
//   -> {"type":"CloseStream"}    <- the rest, {"type":"Metadata",…}; then close 1000. So does an empty binary message
// What is told of whom: docs/compat.md.

import { createHash } from 'node:crypto';
import { engineError } from '../../../base/errors.ts';
import type { ResultItem } from '../../../item/item.ts';
import type { Frame } from '../../../wire/codec.ts';
import type { ClientMessage, ServerMessage } from '../../../wire/messages.ts';
import type { Dialect } from '../../dialect.ts';
import { readObject } from '../read-object.ts';
import { checkWholeRows, type Recogniser, startOf, tellListener } from '../spoken.ts';
import { createUtterances, LONGEST_MS, type Utterance, type Utterances, WORD_WAIT_MS } from '../utterances.ts';
import {
  closingText,
  type DeepgramMetadata,
  errorText,
  metadataOf,
  type ResultsKind,
  resultsText,
  speechStartedText,
  utteranceEndText,
  variantOf,
} from './deepgram-messages.ts';
import type { DeepgramQuery } from './deepgram-query.ts';

const INTERIM: ResultsKind = { final: false, paused: false, fromFinalize: false };
const FROM_FINALIZE: ResultsKind = { final: true, paused: false, fromFinalize: true };
const EXPECTED = '{"type":"KeepAlive"}, {"type":"Finalize"} or {"type":"CloseStream"}';

export class DeepgramDialect implements Dialect {
  #recogniser: Recogniser;
  #query: DeepgramQuery;
  #say: (text: string) => void = () => undefined;
  /** From `ready` on, which is before the first result. */
  #metadata: DeepgramMetadata | undefined;
  #utterances: Utterances;
  /** The same speech, cut at longer pauses. */
  #silences: Utterances | undefined;
  #hash = createHash('sha256');
  #created: string;
  #ended = false;

  /** @param nowMs since 1970 */
  constructor(recogniser: Recogniser, query: DeepgramQuery, nowMs: number) {
    const { rate, endpointingMs, utteranceEndMs } = query;
    const rowsOf = (ms: number): number => (ms * rate) / 1000;
    this.#recogniser = recogniser;
    this.#query = query;
    this.#created = new Date(nowMs).toISOString();
    const longestRows = rowsOf(LONGEST_MS);
    const pauseRows = rowsOf(Math.max(WORD_WAIT_MS, endpointingMs ?? 0));
    this.#utterances = createUtterances({ pauseRows, longestRows }, (utterance, _row, paused) =>
      this.#sayResults(utterance, this.#over(paused)),
    );
    if (utteranceEndMs === undefined) return;
    const silences = { pauseRows: rowsOf(utteranceEndMs), longestRows: Number.POSITIVE_INFINITY, lastWordOnly: true };
    this.#silences = createUtterances(silences, (utterance) => this.#say(utteranceEndText(utterance, rate)));
  }

  open(say: (text: string) => void): readonly ClientMessage[] {
    this.#say = say;
    return [startOf(this.#recogniser, this.#query.rate, this.#query.channels)];
  }

  hear({ text, bytes }: Frame): readonly ClientMessage[] {
    if (this.#ended) return [];
    if (text) return this.#control(bytes);
    if (bytes.length === 0) return this.#close();
    checkWholeRows(bytes, this.#query.channels);
    this.#hash.update(bytes);
    return [{ type: 'rows', data: bytes }];
  }

  tell(message: ServerMessage): void {
    switch (message.type) {
      case 'ready':
        this.#metadata = metadataOf(message);
        return;
      case 'gap':
        return this.#reach(message.to);
      case 'finalized':
        return this.#finalize(message.offset);
      case 'error':
        if (message.fatal) this.#say(errorText(message));
        return;
      case 'end':
        return this.#finish(message.offset);
    }
  }

  result(item: ResultItem): void {
    const { rate, vadEvents, interim } = this.#query;
    tellListener(item, {
      start: (from) => {
        this.#utterances.start(from);
        this.#silences?.start(from);
        if (vadEvents) this.#say(speechStartedText(from, rate));
      },
      end: (to) => {
        this.#utterances.end(to);
        this.#silences?.end(to);
      },
      word: (word) => {
        this.#utterances.word(word);
        this.#silences?.word(word);
        if (interim) this.#sayResults(this.#utterances.soFar(), INTERIM);
      },
      reach: (row) => this.#reach(row),
    });
  }

  closeReason(code: string): string {
    const variant = variantOf(code);
    return variant === '' ? code : `${variant} ${code}`;
  }

  #control(bytes: Uint8Array): readonly ClientMessage[] {
    const { type } = readObject(bytes, EXPECTED);
    if (type === 'KeepAlive') return [{ type: 'keepalive' }];
    if (type === 'Finalize') return [{ type: 'finalize', id: 'Finalize' }];
    if (type === 'CloseStream') return this.#close();
    throw engineError('ERR_WIRE_MALFORMED', 'the text has no type that is known', { expected: EXPECTED });
  }

  #close(): readonly ClientMessage[] {
    this.#ended = true;
    return [{ type: 'close' }];
  }

  #reach(row: number): void {
    this.#utterances.reach(row);
    this.#silences?.reach(row);
  }

  /** Of an utterance that is over. */
  #over(paused: boolean): ResultsKind {
    return { final: true, paused: paused && this.#query.endpointingMs !== undefined, fromFinalize: false };
  }

  #finalize(row: number): void {
    const utterance = this.#utterances.cut(row) ?? { from: row, to: row, words: [] };
    this.#sayResults(utterance, FROM_FINALIZE);
  }

  #finish(rows: number): void {
    const rest = this.#utterances.cut(rows);
    if (rest) this.#sayResults(rest, this.#over(true));
    const { rate, channels } = this.#query;
    const totals = { sha256: this.#hash.digest('hex'), created: this.#created, rows, rate, channels };
    this.#say(closingText(this.#metadata!, totals));
  }

  #sayResults(utterance: Utterance, kind: ResultsKind): void {
    this.#say(resultsText(utterance, kind, this.#query.rate, this.#metadata!));
  }
}
