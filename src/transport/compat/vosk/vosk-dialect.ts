// The WebSocket protocol of vosk-server (github.com/alphacep/vosk-server, websocket/): audio and nothing else as binary messages,
// each answered by exactly one text, in order: what was said so far in the utterance under way, or an utterance that is over.
//   -> {"config":{"sample_rate":16000}}                          at any rate; before the first audio
//   -> <16-bit samples>     <- {"partial":"four"}
//   -> <16-bit samples>     <- {"result":[{"conf","end","start","word"}],"text":"four five"}
//   -> {"eof":1}            <- the rest, as a result; then close 1000
// Errors have no message there: the close says what was wrong. What is told of whom: docs/compat.md.

import { engineError } from '../../../base/errors.ts';
import type { ResultItem } from '../../../item/item.ts';
import type { Frame } from '../../../wire/codec.ts';
import type { ClientMessage, ServerMessage } from '../../../wire/messages.ts';
import type { Dialect } from '../../dialect.ts';
import { readObject } from '../read-object.ts';
import { checkWholeRows, type Recogniser, startOf, tellListener, type Word } from '../spoken.ts';
import { createUtterances, LONGEST_MS, type Utterances } from '../utterances.ts';
import { DEFAULT_VOSK_CONFIG, readVoskConfig } from './vosk-config.ts';
import { finalText, partialText } from './vosk-messages.ts';

/** As long as Kaldi waits after the last word (endpoint.rule2.min-trailing-silence). */
const PAUSE_MS = 500;
const EXPECTED = '{"config":{...}}, {"eof":1} or {"reset":1}';

/** Words of an utterance, and the row by which it was over. */
interface Final {
  readonly words: readonly Word[];
  readonly row: number;
}

interface SoFar {
  readonly row: number;
  readonly text: string;
}

export class VoskDialect implements Dialect {
  #recogniser: Recogniser;
  #config = DEFAULT_VOSK_CONFIG;
  #say: (text: string) => void = () => undefined;
  /** From the first audio on. */
  #utterances: Utterances | undefined;
  /** Row after the last one of each message that is not answered yet. Bounded as messages are: credit-ledger.ts. */
  #unanswered: number[] = [];
  #finals: Final[] = [];
  /** What was said so far of the utterance under way, from each row on by which that changed: many messages are answered at once. */
  #partials: SoFar[] = [];
  #rows = 0;
  #consumed = 0;
  #ended = false;
  #failure = '';

  constructor(recogniser: Recogniser) {
    this.#recogniser = recogniser;
  }

  open(say: (text: string) => void): readonly ClientMessage[] {
    this.#say = say;
    return [];
  }

  hear({ text, bytes }: Frame): readonly ClientMessage[] {
    if (this.#ended) return [];
    if (text) return this.#control(bytes);
    checkWholeRows(bytes, 1);
    const start = this.#begin();
    this.#rows += bytes.length / 2;
    this.#unanswered.push(this.#rows);
    if (bytes.length === 0) this.#settle(this.#consumed); // no rows, so no ack: what is due is answered now
    return [...start, { type: 'rows', data: bytes }];
  }

  tell(message: ServerMessage): void {
    switch (message.type) {
      case 'ack':
        return this.#settle(message.offset);
      case 'gap':
        this.#utterances?.reach(message.to);
        return this.#notice(message.to);
      case 'reset':
        return this.#sayFinal(this.#rest(message.offset ?? this.#consumed));
      case 'error':
        if (message.fatal) this.#failure = message.message;
        return;
      case 'end':
        return this.#finish(message.offset);
    }
  }

  result(item: ResultItem): void {
    if (!this.#utterances) return;
    tellListener(item, this.#utterances, this.#config.words);
    if (item.kind === 'detection' && item.name === 'vad') this.#notice(item.to);
  }

  closeReason(code: string): string {
    return this.#failure === '' ? code : `${code}: ${this.#failure.replaceAll(/[^ -~]/g, '?')}`;
  }

  #control(bytes: Uint8Array): readonly ClientMessage[] {
    const message = readObject(bytes, EXPECTED);
    if ('config' in message) {
      this.#configure(message.config);
      return [];
    }
    if ('eof' in message) {
      this.#ended = true;
      return [...this.#begin(), { type: 'close' }];
    }
    if ('reset' in message) return [...this.#begin(), { type: 'reset', id: 'reset' }];
    throw engineError('ERR_WIRE_MALFORMED', 'the text is no message of a Vosk client', { expected: EXPECTED });
  }

  #configure(value: unknown): void {
    const next = readVoskConfig(value, this.#config, this.#recogniser.words);
    if (this.#utterances && next.rate !== this.#config.rate) {
      const expected = 'a new connection for each rate';
      throw engineError('ERR_OPTION_INVALID', 'config.sample_rate changed after the first audio', { expected });
    }
    this.#config = next;
  }

  #begin(): readonly ClientMessage[] {
    if (this.#utterances) return [];
    const { rate } = this.#config;
    const lengths = { pauseRows: (PAUSE_MS * rate) / 1000, longestRows: (LONGEST_MS * rate) / 1000 };
    this.#utterances = createUtterances(lengths, ({ words }, row) => {
      this.#finals.push({ words, row });
    });
    return [startOf(this.#recogniser, rate, 1)];
  }

  /** Answers the messages whose rows are consumed: each with what was over by its last row. */
  #settle(offset: number): void {
    this.#consumed = offset;
    const open = this.#unanswered.findIndex((end) => end > offset);
    const due = this.#unanswered.splice(0, open < 0 ? this.#unanswered.length : open);
    for (const end of due) {
      const over = this.#finals.filter(({ row }) => row <= end);
      this.#finals.splice(0, over.length);
      if (over.length > 0) this.#sayFinal(over.flatMap(({ words }) => words));
      else this.#say(this.#partialBy(end));
    }
  }

  /** By `row` everything before it has been told. */
  #notice(row: number): void {
    const text = partialText(this.#utterances?.soFar().words ?? []);
    if (text !== this.#partials.at(-1)?.text) this.#partials.push({ row, text });
  }

  #partialBy(end: number): string {
    while (this.#partials.length > 1 && this.#partials[1]!.row <= end) this.#partials.shift();
    const [first] = this.#partials;
    return first && first.row <= end ? first.text : partialText([]);
  }

  /** What there is beyond what was said. */
  #rest(offset: number): readonly Word[] {
    this.#settle(offset);
    const over = this.#finals.splice(0).flatMap(({ words }) => words);
    const rest = this.#utterances?.cut(offset)?.words ?? [];
    this.#notice(offset);
    return [...over, ...rest];
  }

  #finish(offset: number): void {
    const words = this.#rest(offset);
    if (this.#ended || words.length > 0) this.#sayFinal(words);
  }

  #sayFinal(words: readonly Word[]): void {
    this.#say(finalText(words, this.#config));
  }
}
