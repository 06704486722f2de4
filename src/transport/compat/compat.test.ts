// Utterances, and the shapes that clients of other servers read: without sockets. Over sockets: test/server/compat-*.test.ts.

import { describe, expect, it } from 'vitest';
import { jsonCodec } from '../../wire/json-codec.ts';
import type { ServerMessage } from '../../wire/messages.ts';
import { createCreditLedger } from '../credit-ledger.ts';
import { DEFAULT_LIMITS } from '../limits.ts';
import { DeepgramDialect } from './deepgram/deepgram-dialect.ts';
import { readDeepgramQuery } from './deepgram/deepgram-query.ts';
import type { Recogniser, Word } from './spoken.ts';
import { createUtterances, type Utterance } from './utterances.ts';
import { DEFAULT_VOSK_CONFIG, readVoskConfig } from './vosk/vosk-config.ts';
import { VoskDialect } from './vosk/vosk-dialect.ts';
import { finalText, partialText } from './vosk/vosk-messages.ts';

const word = (text: string, from: number, to: number, score = 0.75): Word => ({ text, from, to, score });
const recogniser: Recogniser = { pipeline: 'listen', options: {}, words: ['one', 'two', 'smart mirror'] };

describe('utterances', () => {
  function open(longestRows = Number.POSITIVE_INFINITY) {
    const over: [readonly string[], number, number, number][] = [];
    const pauses: boolean[] = [];
    const lengths = { pauseRows: 100, longestRows };
    const utterances = createUtterances(lengths, ({ words, from, to }: Utterance, row, paused) => {
      over.push([words.map(({ text }) => text), from, to, row]);
      pauses.push(paused);
    });
    return { over, pauses, utterances };
  }

  it('are over once nobody has spoken for the pause, and not while somebody does', () => {
    const { over, utterances } = open();
    utterances.reach(50);
    utterances.start(60);
    utterances.word(word('one', 70, 90));
    utterances.reach(5000);
    utterances.end(5010);
    utterances.reach(5109);
    expect(over).toEqual([]);
    utterances.reach(5110);
    utterances.reach(9000);
    expect(over).toEqual([[['one'], 60, 5010, 5110]]);
  });

  it('go on over shorter pauses, and wait for words that come late', () => {
    const { over, utterances } = open();
    utterances.start(0);
    utterances.end(50);
    utterances.reach(140);
    utterances.start(145);
    utterances.end(200);
    utterances.word(word('two', 180, 220));
    utterances.reach(310);
    expect(over).toEqual([]);
    utterances.reach(320);
    expect(over).toEqual([[['two'], 0, 220, 320]]);
  });

  it('are made of a word that nobody was heard to say, rather than losing it', () => {
    const { over, utterances } = open();
    utterances.word(word('one', 10, 20));
    utterances.reach(120);
    expect(over).toEqual([[['one'], 10, 20, 120]]);
  });

  it('are cut when nobody ever pauses, and each word is told once', () => {
    const { over, pauses, utterances } = open(1000);
    utterances.start(50);
    for (let row = 100; row <= 2600; row += 100) {
      utterances.word(word(String(row), row - 20, row - 10));
      utterances.reach(row);
    }
    utterances.end(2600);
    utterances.reach(2700);
    expect(over.map(([, ...rows]) => rows)).toEqual([
      [50, 1100, 1100],
      [1100, 2100, 2100],
      [2100, 2600, 2700],
    ]);
    expect(over.flatMap(([words]) => words)).toEqual(Array.from({ length: 26 }, (_, i) => String(100 * i + 100)));
    expect(pauses).toEqual([false, false, true]);
  });

  it('can be cut, and nothing is told twice', () => {
    const { over, utterances } = open();
    expect(utterances.cut(5)).toBeUndefined();
    utterances.start(10);
    utterances.word(word('one', 10, 20));
    expect(utterances.cut(30)).toMatchObject({ from: 10, to: 30, words: [{ text: 'one' }] });
    utterances.word(word('two', 40, 50));
    utterances.end(60);
    expect(utterances.cut(90)).toMatchObject({ from: 30, to: 60, words: [{ text: 'two' }] });
    expect(utterances.cut(95)).toBeUndefined();
    utterances.reach(900);
    expect(over).toEqual([]);
  });
});

describe('Vosk', () => {
  it('lays its JSON out as Kaldi does', () => {
    expect(partialText([])).toBe('{\n  "partial" : ""\n}');
    expect(finalText([], DEFAULT_VOSK_CONFIG)).toBe('{\n  "text" : ""\n}');
    const words = [word('smart mirror', 8000, 12_000, 0.98765), word('one', 16_000, 24_004)];
    expect(JSON.parse(finalText(words, DEFAULT_VOSK_CONFIG))).toEqual({
      result: [
        { conf: 0.988, end: 1.5, start: 1, word: 'smart mirror' },
        { conf: 0.75, end: 3.001, start: 2, word: 'one' },
      ],
      text: 'smart mirror one',
    });
    expect(JSON.parse(finalText(words, { ...DEFAULT_VOSK_CONFIG, details: false }))).toEqual({
      text: 'smart mirror one',
    });
  });

  it('reads what a config asks for, on top of the one before', () => {
    const read = (value: unknown, before = DEFAULT_VOSK_CONFIG) => readVoskConfig(value, before, recogniser.words);
    expect(read({ sample_rate: 16_000.0 })).toEqual({ ...DEFAULT_VOSK_CONFIG, rate: 16_000 });
    const both = read({ words: 0, phrase_list: ['Two SMART mirror', '[unk]'] }, read({ sample_rate: '44100.0' }));
    expect(both).toEqual({ rate: 44_100, words: ['two', 'smart mirror'], details: false, alternatives: 0 });
    expect(read({ phrase_list: ['onetwo two'] }).words).toEqual(['two']);
    expect(read({ phrase_list: [] }).words).toEqual(recogniser.words);
    for (const bad of [
      7,
      null,
      { sample_rate: -1 },
      { sample_rate: 0 },
      { sample_rate: '16 kHz' },
      { sample_rate: '' },
      { sample_rate: 0.5 },
      { phrase_list: 'one' },
      { phrase_list: ['x'] },
    ])
      expect(() => read(bad), JSON.stringify(bad)).toThrow(expect.objectContaining({ code: 'ERR_OPTION_INVALID' }));
  });

  it('answers each message with what was over by its last row, several at once or not', () => {
    const said: string[] = [];
    const dialect = new VoskDialect(recogniser);
    expect(dialect.open((text) => said.push(JSON.stringify(JSON.parse(text))))).toEqual([]);
    const frame = (bytes: Uint8Array) => ({ text: false, bytes });
    const [start, rows] = dialect.hear(frame(new Uint8Array(16_000)));
    expect(start).toMatchObject({ type: 'start', pipeline: 'listen', format: { rate: 8000, channels: 1 } });
    expect(rows).toMatchObject({ type: 'rows' });
    for (let i = 0; i < 2; i++) dialect.hear(frame(new Uint8Array(16_000)));
    const item = (name: string, from: number, to: number, values = {}) =>
      dialect.result({ kind: 'detection', pts: 0 as never, name, from, to, values });
    item('vad.start', 100, 400);
    item('keyword.one', 1000, 2000, { score: 0.5 });
    item('vad.end', 100, 3000);
    for (let row = 3080; row <= 24_000; row += 80) {
      if (row === 8040) item('keyword.smart_mirror', 7000, 8000, { score: 0.25 });
      item('vad', row - 80, row, { speech: 0 });
    }
    const ack = (offset: number): ServerMessage => ({ type: 'ack', offset, credit: 1, lag_ms: 0 });
    dialect.tell(ack(7999));
    expect(said).toEqual([]);
    dialect.tell(ack(24_000));
    expect(said.map((text) => JSON.parse(text).text ?? JSON.parse(text).partial)).toEqual(['one', 'smart mirror', '']);
    expect(dialect.hear({ text: true, bytes: new TextEncoder().encode('{"eof" : 1}') })).toEqual([{ type: 'close' }]);
    expect(dialect.hear(frame(new Uint8Array(3)))).toEqual([]); // nothing is heard after the end
    dialect.tell({ type: 'end', offset: 24_000, results: 0, gaps: 0, digest: '' });
    expect(JSON.parse(said.at(-1)!)).toEqual({ text: '' });
    expect(
      jsonCodec.decodeClient({ text: true, bytes: new TextEncoder().encode(JSON.stringify({ ...start, ack_ms: 20 })) }),
    ).toMatchObject({ type: 'start' });
  });

  it('says what was said so far by each message, answered one by one or all at once', () => {
    const answers = (atOnce: boolean): string[] => {
      const said: string[] = [];
      const dialect = new VoskDialect(recogniser);
      dialect.open((text) => said.push(JSON.parse(text).partial ?? `${JSON.parse(text).text}.`));
      for (let i = 0; i < 5; i++) dialect.hear({ text: false, bytes: new Uint8Array(4000) });
      const item = (name: string, from: number, to: number, values = {}) =>
        dialect.result({ kind: 'detection', pts: 0 as never, name, from, to, values });
      for (let row = 80; row <= 10_000; row += 80) {
        if (row === 80) item('vad.start', 0, 80);
        if (row === 1600) item('keyword.one', 800, 1500, { score: 0.5 });
        if (row === 4800) item('keyword.two', 4000, 4700, { score: 0.5 });
        if (row === 5600) item('vad.end', 0, 5000);
        item('vad', row - 80, row, { speech: 0 });
        if (!atOnce && row % 2000 === 0) dialect.tell({ type: 'ack', offset: row, credit: 1, lag_ms: 0 });
      }
      dialect.tell({ type: 'ack', offset: 10_000, credit: 1, lag_ms: 0 });
      return said;
    };
    expect(answers(false)).toEqual(['one', 'one', 'one two', 'one two', 'one two.']);
    expect(answers(true)).toEqual(answers(false));
  });
});

describe('Deepgram', () => {
  it('reads what an address asks for', () => {
    expect(readDeepgramQuery('/v1/listen?encoding=linear16&sample_rate=8000')).toEqual({
      ...{ rate: 8000, channels: 1, interim: false, vadEvents: false },
      ...{ endpointingMs: 10, utteranceEndMs: undefined },
    });
    const all = 'interim_results=true&vad_events=True&endpointing=false&utterance_end_ms=1500&channels=2';
    expect(readDeepgramQuery(`/v1/listen?encoding=LINEAR16&sample_rate=48000&${all}`)).toEqual({
      ...{ rate: 48_000, channels: 2, interim: true, vadEvents: true },
      ...{ endpointingMs: undefined, utteranceEndMs: 1500 },
    });
  });
});

describe('Deepgram, who never pauses', () => {
  it('is told now and then, which is no pause; UtteranceEnd knows the last word all the same', () => {
    const url = '/v1/listen?encoding=linear16&sample_rate=1000&utterance_end_ms=1000';
    const dialect = new DeepgramDialect(recogniser, readDeepgramQuery(url), 0);
    const said: { type: string; speech_final?: boolean; last_word_end?: number; start?: number }[] = [];
    dialect.open((text) => said.push(JSON.parse(text)));
    dialect.tell({ type: 'ready', session: 's', pipeline: 'listen', numerics: 'n' } as ServerMessage);
    const item = (name: string, from: number, to: number) =>
      dialect.result({ kind: 'detection', pts: 0 as never, name, from, to, values: { score: 1 } });
    item('vad.start', 0, 100);
    item('keyword.one', 5000, 6000);
    for (let row = 100; row <= 25_000; row += 100) item('vad', row - 100, row);
    item('vad.end', 0, 25_000);
    for (let row = 25_100; row <= 26_000; row += 100) item('vad', row - 100, row);
    const results = said.filter(({ type }) => type === 'Results');
    expect(results).toMatchObject([
      { start: 0, duration: 20, is_final: true, speech_final: false },
      { start: 20, duration: 5, is_final: true, speech_final: true },
    ]);
    expect(said.at(-1)).toEqual({ type: 'UtteranceEnd', channel: [0, 1], last_word_end: 6 });
  });
});

describe('a client that knows no credit', () => {
  it('has room until half of it is outstanding', () => {
    const ledger = createCreditLedger({ ...DEFAULT_LIMITS, creditBytes: 1000, outstandingMessagesMax: 8 }, true);
    ledger.add(10, 500);
    expect(ledger.hasRoom).toBe(true);
    ledger.add(20, 1);
    expect(ledger.hasRoom).toBe(false);
    ledger.consume(10);
    expect(ledger.hasRoom).toBe(false);
    ledger.ack();
    expect(ledger.hasRoom).toBe(true);
    for (let i = 0; i < 4; i++) ledger.hold(1);
    expect(ledger.hasRoom).toBe(false);
  });
});
