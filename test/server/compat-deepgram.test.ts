// /compat/deepgram/v1/listen over real sockets, real models and bundled words: a client after Deepgram's documentation.

import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { seeded } from '../helpers/items.ts';
import { type CompatServer, cut, dial, FROM_A_WORD, openCompat, pcm, SAID, SPEECH } from './compat-server.ts';

const RAW = 'encoding=linear16&sample_rate=16000&channels=1';
const ALL = `${RAW}&model=nova-3&language=en-US&interim_results=true&vad_events=true&endpointing=300&utterance_end_ms=1000`;
const urlOf = ({ at }: CompatServer, query = ALL): string => `${at}/compat/deepgram/v1/listen?${query}`;
const CLOSE = '{"type":"CloseStream"}';

interface Results {
  readonly type: 'Results';
  readonly start: number;
  readonly duration: number;
  readonly is_final: boolean;
  readonly speech_final: boolean;
  readonly from_finalize: boolean;
  readonly channel: {
    readonly alternatives: readonly {
      readonly transcript: string;
      readonly confidence: number;
      readonly words: readonly { word: string; start: number; end: number; confidence: number }[];
    }[];
  };
}
interface Said extends Partial<Results> {
  readonly type: never;
  readonly timestamp?: number;
  readonly last_word_end?: number;
  readonly metadata?: object;
}

async function listen(url: string, audio: Buffer, sizeOf = (): number => 3200): Promise<Said[]> {
  const client = await dial(url);
  for (const piece of cut(audio, sizeOf)) client.socket.send(piece);
  client.socket.send(CLOSE);
  expect(await client.ended).toEqual({ code: 1000, reason: 'end' });
  return client.said as never;
}
const ofType = (said: readonly object[], type: string): Said[] => (said as Said[]).filter((one) => one.type === type);
const results = (said: readonly object[]): Results[] => ofType(said, 'Results') as never;
const transcriptOf = ({ channel }: Results): string => channel.alternatives[0]!.transcript;
const untimed = (said: readonly object[]) =>
  said.map((one) => ({ ...one, metadata: undefined, request_id: undefined, created: undefined }));

describe('/compat/deepgram', () => {
  it('tells of speech, words, pauses and its end', async () => {
    const audio = pcm(SPEECH);
    const said = await listen(urlOf(await openCompat()), audio);
    const [first, second] = ofType(said, 'SpeechStarted');
    expect(first).toEqual({ type: 'SpeechStarted', channel: [0, 1], timestamp: expect.closeTo(0.5, 0) });
    expect(second!.timestamp).toBeGreaterThan(first!.timestamp!);
    const interim = results(said).filter(({ is_final }) => !is_final);
    expect(interim.map(transcriptOf)).toEqual(['alexa', 'alexa four', 'computer']);
    const [, final, ...others] = results(said).filter(({ is_final }) => is_final);
    expect(others.map(transcriptOf)).toEqual(['', 'computer']);
    expect(final).toMatchObject({ channel_index: [0, 1], speech_final: true, from_finalize: false });
    const [{ transcript, words, confidence }] = final!.channel.alternatives as [Results['channel']['alternatives'][0]];
    expect([transcript, words.map(({ word }) => word)]).toEqual(['alexa four', ['alexa', 'four']]);
    expect(confidence).toBeCloseTo((words[0]!.confidence + words[1]!.confidence) / 2, 2);
    for (const [index, { start, end }] of words.entries()) {
      expect(start).toBeGreaterThanOrEqual(final!.start);
      expect(end).toBeLessThanOrEqual(final!.start + final!.duration);
      expect(Math.abs(end - SAID[index]!.to)).toBeLessThan(0.3);
    }
    expect(said.find(({ type }) => type === 'Results')!.metadata).toEqual({
      request_id: expect.stringMatching(/^[\da-f-]{36}$/),
      model_info: { name: 'millrace-listen', version: expect.any(String), arch: 'millrace' },
      model_uuid: expect.stringMatching(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/),
    });
    const [end] = ofType(said, 'UtteranceEnd');
    expect(end).toEqual({ type: 'UtteranceEnd', channel: [0, 1], last_word_end: expect.closeTo(1.3, 0) });
    expect(said.at(-1)).toMatchObject({
      ...{ type: 'Metadata', transaction_key: 'deprecated', duration: 8, channels: 1 },
      sha256: createHash('sha256').update(audio).digest('hex'),
      created: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    });
  });

  it('tells only what is asked for', async () => {
    const said = await listen(urlOf(await openCompat(), `${RAW}&endpointing=false`), pcm(FROM_A_WORD));
    expect(new Set(said.map(({ type }) => type))).toEqual(new Set(['Results', 'Metadata']));
    expect(results(said).every((one) => one.is_final && !one.speech_final)).toBe(true);
    expect(results(said).map(transcriptOf)).toEqual(['alexa four', '', 'computer']);
  });

  it('says the same for any chunking', async () => {
    const url = urlOf(await openCompat());
    const audio = pcm(FROM_A_WORD);
    const whole = untimed(await listen(url, audio));
    const random = seeded(12);
    for (const sizeOf of [() => 318, () => 2 * Math.ceil(20_000 * random()), () => 65_536])
      expect(untimed(await listen(url, audio, sizeOf))).toEqual(whole);
  });

  it('takes any rate, and several channels mixed', async () => {
    const url = urlOf(await openCompat(), 'encoding=linear16&sample_rate=16000&channels=2&multichannel=false');
    const said = await listen(url, pcm(FROM_A_WORD, 2));
    expect(results(said).map(transcriptOf)).toEqual(['alexa four', '', 'computer']);
    expect(said.at(-1)).toMatchObject({ channels: 2, duration: 6 });
  });

  it('says what there is so far when asked to, and not again', async () => {
    const client = await dial(urlOf(await openCompat()));
    client.socket.send('{"type":"KeepAlive"}');
    const audio = pcm(FROM_A_WORD);
    client.socket.send(audio.subarray(0, 40_000));
    client.socket.send(audio.subarray(40_000, 48_000)); // "Alexa" is over, "four" has begun
    client.socket.send('{"type":"Finalize"}');
    client.socket.send('{"type":"Finalize","channel":0}');
    for (const piece of cut(audio.subarray(48_000), () => 32_000)) client.socket.send(piece);
    client.socket.send(new Uint8Array()); // what older clients end with
    expect((await client.ended).code).toBe(1000);
    const asked = results(client.said).filter((one) => one.from_finalize);
    expect(asked.map((one) => [transcriptOf(one), one.is_final])).toEqual([
      ['alexa', true],
      ['', true],
    ]);
    const later = results(client.said).slice(results(client.said).indexOf(asked[1]!) + 1);
    expect(later.filter(({ is_final }) => is_final).map(transcriptOf)).toEqual(['four', '', 'computer']);
    expect(later[0]!.start).toBeGreaterThanOrEqual(asked[0]!.start + asked[0]!.duration);
  });

  it('takes a key as its clients show it, and no other', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-compat-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const key = 'acme-0123456789abcdef';
    await writeFile(join(folder, 'tokens'), `acme ${key}\n`);
    const url = urlOf(await openCompat({ guard: { tokens: join(folder, 'tokens') } }));
    for (const authorization of [`Token ${key}`, `token ${key}`, `Bearer ${key}`])
      await dial(url, [], { authorization });
    for (const name of ['token', 'bearer']) expect((await dial(url, [name, key])).socket.protocol).toBe(name);
    const wrong = 'acme-0123456789abcdee';
    for (const refused of [
      dial(url),
      dial(url, ['token']),
      dial(url, ['token', wrong]),
      dial(url, [], { authorization: `Token ${wrong}` }),
    ])
      await expect(refused).rejects.toMatchObject({ status: 401 });
  });

  it('refuses over HTTP what it cannot do', async () => {
    const server = await openCompat();
    const raw = 'encoding=linear16&sample_rate=16000';
    const cases: [string, string, RegExp][] = [
      ['', 'ERR_FORMAT_UNSUPPORTED', /encoding/],
      ['encoding=opus&sample_rate=48000', 'ERR_FORMAT_UNSUPPORTED', /encoding/],
      ['encoding=linear16', 'ERR_FORMAT_UNSUPPORTED', /sample_rate/],
      ['encoding=linear16&sample_rate=fast', 'ERR_FORMAT_UNSUPPORTED', /sample_rate/],
      [`${raw}&channels=0`, 'ERR_FORMAT_UNSUPPORTED', /channels/],
      [`${raw}&channels=2&multichannel=true`, 'ERR_OPTION_INVALID', /multichannel/],
      [`${raw}&callback=https%3A%2F%2Fexample.org`, 'ERR_OPTION_INVALID', /callback/],
      [`${raw}&utterance_end_ms=10`, 'ERR_OPTION_INVALID', /utterance_end_ms/],
      [`${raw}&endpointing=soon`, 'ERR_OPTION_INVALID', /endpointing/],
      [`${raw}&vad_events=perhaps`, 'ERR_OPTION_INVALID', /vad_events/],
    ];
    for (const [query, code, what] of cases) {
      const refused = await dial(urlOf(server, query)).catch((error: { status: number; body: string }) => error);
      expect(refused, query).toMatchObject({ status: 400 });
      const { error } = JSON.parse((refused as { body: string }).body);
      expect([error.code, error.message], query).toEqual([code, expect.stringMatching(what)]);
    }
    await dial(urlOf(server, `${raw}&interim_results=True&diarize=true&keyterm=hello&tag=x`));
  });

  it('says what is wrong, then closes with a code', async () => {
    const server = await openCompat({ limits: { idleMsMax: 300, sessionsMax: 1 } });
    const cases: [string | Uint8Array | undefined, number, string][] = [
      [new Uint8Array(3), 1007, 'DATA-0000 ERR_WIRE_MALFORMED'],
      ['nonsense', 1007, 'DATA-0000 ERR_WIRE_MALFORMED'],
      ['{"type":"Configure"}', 1007, 'DATA-0000 ERR_WIRE_MALFORMED'],
      [new Uint8Array(65_538), 1009, 'DATA-0000 ERR_WIRE_TOO_LARGE'],
      [undefined, 4408, 'NET-0001 ERR_IDLE'],
    ];
    for (const [message, code, reason] of cases) {
      const client = await dial(urlOf(server));
      if (message !== undefined) client.socket.send(message);
      expect(await client.ended).toEqual({ code, reason });
      const [variant, name] = reason.split(' ');
      expect(client.said.at(-1)).toMatchObject({ type: 'Error', message: name, variant });
    }
    const held = await dial(urlOf(server));
    const late = await dial(urlOf(server));
    expect((await late.ended).code).toBe(1013);
    expect(late.said).toMatchObject([{ type: 'Error', message: 'ERR_SESSION_LIMIT' }]);
    held.socket.send(CLOSE);
    expect((await held.ended).code).toBe(1000);
    expect(held.said).toMatchObject([{ type: 'Metadata', duration: 0 }]);
    const slow = await dial(urlOf(server, 'encoding=linear16&sample_rate=100'));
    expect(await slow.ended).toEqual({ code: 4415, reason: 'ERR_FORMAT_UNSUPPORTED' });
  });

  it('is counted as every stream, and so is who was refused', async () => {
    const { server, at } = await openCompat({ metrics: { host: '127.0.0.1', port: 0 } });
    await expect(dial(urlOf({ server, at }, 'encoding=opus'))).rejects.toMatchObject({ status: 400 });
    const client = await dial(urlOf({ server, at }));
    client.socket.send(pcm(FROM_A_WORD.slice(0, 16_000)));
    await client.next();
    const text = await (await fetch(`http://127.0.0.1:${server.metricsPort}/metrics`)).text();
    expect(text).toContain('millrace_streams{pipeline="listen"} 1');
    expect(text).toContain('millrace_refused_total{code="ERR_FORMAT_UNSUPPORTED"} 1');
  });

  it.each(['/compat/vosk', `/compat/deepgram/v1/listen?${ALL}`])(
    '%s ends with a code whatever is sent',
    async (path) => {
      const { at } = await openCompat();
      const random = seeded(13);
      const texts = [
        '{"config":',
        '{"eof":',
        '{"reset":',
        '{"type":"Finalize"',
        '{"type":',
        '1',
        '}',
        '"',
        '[]',
        'null',
        '{"sample_rate":8e3}',
      ];
      const pick = () => texts[Math.floor(random() * texts.length)]!;
      for (let run = 0; run < 60; run++) {
        const client = await dial(`${at}${path}`);
        for (let i = 0; i < 4; i++) {
          if (random() < 0.5)
            client.socket.send(Buffer.alloc(2 * Math.floor(200 * random()) + (random() < 0.1 ? 1 : 0), run));
          else client.socket.send(pick() + pick() + pick());
        }
        client.socket.send('\u0000');
        expect([1000, 1007, 4400, 4415]).toContain((await client.ended).code);
      }
    },
  );

  it('is answered to its end when the server goes down', async () => {
    const { server, at } = await openCompat();
    const client = await dial(urlOf({ server, at }));
    for (const piece of cut(pcm(FROM_A_WORD.slice(0, 16_000 * 2.4)), () => 16_000)) client.socket.send(piece);
    await client.next(); // SpeechStarted
    await server.drain(20_000);
    expect((await client.ended).code).toBe(1001);
    expect(results(client.said).at(-1)).toMatchObject({ is_final: true, speech_final: true });
    expect(client.said.at(-1)).toMatchObject({ type: 'Metadata' });
  });
});
