// /compat/vosk over real sockets, real models and bundled words: a client after vosk-server's test.py, and what it cannot have.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { seeded } from '../helpers/items.ts';
import {
  type CompatServer,
  cut,
  dial,
  FROM_A_WORD,
  openCompat,
  pcm,
  SAID,
  SAID_THERE,
  SPEECH,
} from './compat-server.ts';

interface Answer {
  readonly partial?: string;
  readonly text?: string;
  readonly result?: readonly { word: string; start: number; end: number; conf: number }[];
  readonly alternatives?: readonly object[];
}
const urlOf = ({ at }: CompatServer): string => `${at}/compat/vosk`;

/** As test.py: a message, its answer, and so on; then eof, and the last answer. */
async function recognise(
  url: string,
  audio: Buffer,
  { rate = 16_000, sizeOf = (): number => 6400, config = {}, ahead = false } = {},
): Promise<{ answers: Answer[]; sent: number; code: number }> {
  const client = await dial(url);
  client.socket.send(JSON.stringify({ config: { sample_rate: rate, ...config } }));
  let sent = 0;
  for (const piece of cut(audio, sizeOf)) {
    client.socket.send(piece);
    sent++;
    if (!ahead) await client.next();
  }
  client.socket.send('{"eof" : 1}');
  const { code } = await client.ended;
  return { answers: client.said as Answer[], sent, code };
}
const finals = (answers: readonly Answer[]): Answer[] => answers.filter(({ partial }) => partial === undefined);

describe('/compat/vosk', () => {
  it('answers every message once, in order: partials, and an utterance when it is over', async () => {
    const url = urlOf(await openCompat());
    const { answers, sent, code } = await recognise(url, pcm(SPEECH));
    expect(code).toBe(1000);
    expect(answers).toHaveLength(sent + 1);
    const [first, second, ...others] = finals(answers);
    expect(first).toEqual({ text: '' }); // nothing that is known
    expect(second!.text).toBe('alexa four');
    expect(others.map(({ text }) => text)).toEqual(['', 'computer', '']);
    for (const [index, word] of second!.result!.entries()) {
      const { from, to } = SAID[index]!;
      expect(Object.keys(word)).toEqual(['conf', 'end', 'start', 'word']);
      expect(Math.abs(word.end - to)).toBeLessThan(0.3);
      expect(word.start).toBeGreaterThan(from - 0.1);
      expect(word.start).toBeLessThan(word.end);
      expect(word.conf).toBeGreaterThan(0.5);
    }
    const before = answers.slice(answers.indexOf(first!) + 1, answers.indexOf(second!)).map(({ partial }) => partial);
    expect([...new Set(before)]).toEqual(['', 'alexa', 'alexa four']);
    expect(answers.indexOf(first!) * 0.2).toBeCloseTo(1.3 + 0.6, 0); // the end of what was said and the pause
  });

  it('gives the same finals for any chunking, waited for or not', async () => {
    const url = urlOf(await openCompat());
    const audio = pcm(FROM_A_WORD);
    const whole = finals((await recognise(url, audio)).answers);
    expect(whole.map(({ text }) => text)).toEqual(['alexa four', '', 'computer', '']);
    const random = seeded(11);
    const sizes = [() => 320, () => 2 * Math.ceil(7000 * random()), () => 12_800];
    for (const [index, sizeOf] of sizes.entries()) {
      const { answers, sent } = await recognise(url, audio, { sizeOf, ahead: index > 0 });
      expect(answers).toHaveLength(sent + 1);
      expect(finals(answers), `chunking ${index}`).toEqual(whole);
    }
    const words = whole.flatMap(({ result = [] }) => result);
    const large = await recognise(url, audio, { sizeOf: () => 65_536 }); // several utterances in one message: one answer
    expect(finals(large.answers).flatMap(({ result = [] }) => result)).toEqual(words);
  });

  it('takes any rate, and what comes much faster than it can be heard', async () => {
    const url = urlOf(await openCompat({ limits: { creditBytes: 32_768 } }));
    const audio = pcm(FROM_A_WORD, 3);
    expect(audio.length).toBeGreaterThan(8 * 32_768); // else 4413
    const { answers, sent, code } = await recognise(url, audio, { rate: 48_000, sizeOf: () => 9600, ahead: true });
    expect([answers.length, code]).toEqual([sent + 1, 1000]);
    const words = finals(answers).flatMap(({ result = [] }) => result);
    expect(words.map(({ word }) => word)).toEqual(SAID_THERE.map(({ word }) => word));
    for (const [index, { end }] of words.entries()) expect(Math.abs(end - SAID_THERE[index]!.to)).toBeLessThan(0.3);
  });

  it('reads no more from who does not read its answers, and loses none', async () => {
    const client = await dial(urlOf(await openCompat({ limits: { backlogBytesMax: 16_384 } })));
    client.socket.pause();
    const count = 60_000;
    const frame = new Uint8Array();
    for (let i = 0; i < count; i++) client.socket.send(frame);
    await new Promise((resolve) => setTimeout(resolve, 200));
    client.socket.send('{"eof":1}');
    client.socket.resume();
    expect(await client.ended).toEqual({ code: 1000, reason: 'end' });
    expect(client.said).toHaveLength(count + 1);
  });

  it('does as its config says', async () => {
    const url = urlOf(await openCompat());
    const audio = pcm(FROM_A_WORD.slice(0, 16_000 * 3));
    const textsWith = async (config: object) => finals((await recognise(url, audio, { config })).answers);
    const digits = { phrase_list: ['zero one two three four five six', '[unk]'], words: 0 };
    expect(await textsWith(digits)).toContainEqual({ text: 'four' });
    for (const final of await textsWith({ phrase_list: ['seven', 'smart mirror'] }))
      expect(final).toEqual({ text: '' });
    expect(await textsWith({ max_alternatives: 3 })).toContainEqual({
      alternatives: [
        {
          confidence: expect.any(Number),
          result: ['alexa', 'four'].map((word) => ({ end: expect.any(Number), start: expect.any(Number), word })),
          text: 'alexa four',
        },
      ],
    });
  });

  it('answers an empty message, and begins anew when asked to', async () => {
    const client = await dial(urlOf(await openCompat()));
    client.socket.send('{"config":{"sample_rate":"16000.0"}}');
    client.socket.send(new Uint8Array());
    expect(await client.next()).toEqual({ partial: '' });
    for (const piece of cut(pcm(FROM_A_WORD.slice(0, 16_000 * 2.5)), () => 8000)) {
      client.socket.send(piece);
      await client.next();
    }
    expect(client.said.at(-1)).toEqual({ partial: 'alexa four' });
    client.socket.send('{"reset" : 1}');
    expect(await client.next()).toMatchObject({ text: 'alexa four' });
    client.socket.send(new Uint8Array());
    expect(await client.next()).toEqual({ partial: '' });
    client.socket.send('{"eof":1}');
    expect(await client.next()).toEqual({ text: '' });
    expect(await client.ended).toEqual({ code: 1000, reason: 'end' });
  });

  it('closes with a code and says why, when something is not as it should be', async () => {
    const url = urlOf(await openCompat());
    const config = (fields: object) => JSON.stringify({ config: fields });
    const cases: [(string | Uint8Array)[], number, RegExp][] = [
      [[new Uint8Array(3)], 1007, /^ERR_WIRE_MALFORMED: 3 bytes/],
      [['nonsense'], 1007, /^ERR_WIRE_MALFORMED: the text is not JSON/],
      [['[1]'], 1007, /^ERR_WIRE_MALFORMED/],
      [['{"hello":1}'], 1007, /^ERR_WIRE_MALFORMED/],
      [[new Uint8Array(65_538)], 1009, /^ERR_WIRE_TOO_LARGE/],
      [[config({ sample_rate: 100 }), new Uint8Array(2)], 4415, /^ERR_FORMAT_UNSUPPORTED: listen cannot take/],
      [[config({ sample_rate: 'fast' })], 4400, /^ERR_OPTION_INVALID: config.sample_rate/],
      [[config({ phrase_list: ['good morning'] })], 4400, /^ERR_OPTION_INVALID: config.phrase_list/],
      [[config({}), new Uint8Array(2), config({ sample_rate: 16_000 })], 4400, /^ERR_OPTION_INVALID/],
    ];
    for (const [messages, code, reason] of cases) {
      const client = await dial(url);
      for (const message of messages) client.socket.send(message);
      expect(await client.ended, String(reason)).toEqual({ code, reason: expect.stringMatching(reason) });
    }
  });

  it('stands behind the same door and limits as every stream', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-compat-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const tokens = join(folder, 'tokens');
    await writeFile(tokens, 'acme acme-0123456789abcdef\n');
    const url = urlOf(await openCompat({ guard: { tokens }, limits: { sessionsMax: 1, idleMsMax: 300 } }));
    await expect(dial(url)).rejects.toMatchObject({ status: 401 });
    const headers = { authorization: 'Bearer acme-0123456789abcdef' };
    const first = await dial(url, [], headers);
    expect((await (await dial(url, [], headers)).ended).code).toBe(1013);
    first.socket.send(new Uint8Array(320));
    expect((await first.ended).code).toBe(4408);
  });

  it('is answered to its end when the server goes down', async () => {
    const { server, at } = await openCompat();
    const client = await dial(`${at}/compat/vosk`);
    client.socket.send('{"config":{"sample_rate":16000}}');
    const audio = pcm(FROM_A_WORD.slice(0, 16_000 * 2.4));
    for (const piece of cut(audio, () => 16_000)) client.socket.send(piece);
    await client.next();
    await server.drain(20_000);
    expect((await client.ended).code).toBe(1001);
    expect(client.said).toHaveLength(Math.ceil(audio.length / 16_000) + 1);
    expect(client.said.at(-1)).toMatchObject({ text: 'alexa four' });
  });
});
