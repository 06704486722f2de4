// docs/compat.md against a server: what it shows is said, what it names exists.

import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import keyword from '../../pipelines/keyword.ts';
import { ERROR_CODES } from '../../src/base/errors.ts';
import { DEEPGRAM_PATH, VOSK_PATH } from '../../src/transport/compat/compat-routes.ts';
import { cut, dial, openCompat, pcm, SPEECH } from './compat-server.ts';

const text = readFileSync(new URL('../../docs/compat.md', import.meta.url), 'utf8');

it('shows what is said of the bundled words', async () => {
  const { at } = await openCompat();
  const query = /`(\?encoding=linear16[^`]*)`/.exec(text)![1]!;
  const client = await dial(`${at}${DEEPGRAM_PATH}${query}`);
  for (const piece of cut(pcm(SPEECH), () => 32_000)) client.socket.send(piece);
  client.socket.send('{"type":"CloseStream"}');
  await client.ended;
  const shown = [...text.matchAll(/^← (\{"type".*\})$/gm)].map(([, json]) => JSON.parse(json!) as object);
  expect(shown).toHaveLength(13);
  expect(client.said.slice(0, 13).map(({ metadata: _, ...said }) => said)).toEqual(shown);

  const vosk = await dial(`${at}${VOSK_PATH}`);
  vosk.socket.send('{"config":{"sample_rate":16000}}');
  for (const piece of cut(pcm(SPEECH), () => 6400)) vosk.socket.send(piece);
  vosk.socket.send('{"eof" : 1}');
  await vosk.ended;
  expect(vosk.said).toHaveLength(41);
  const answers = [...text.matchAll(/ ← (\{ .*? \})(?: {3}|$)/gm)].map(([, json]) => JSON.parse(json!) as object);
  expect(answers).toHaveLength(5);
  for (const answer of answers) expect(vosk.said).toContainEqual(answer);
});

it('names words, codes and paths that there are', () => {
  const { words } = keyword.options;
  const known =
    words?.type === 'choice' ? words.values.filter((word) => !['all', 'wake', 'digits'].includes(word)) : [];
  expect(known).toHaveLength(18);
  for (const word of known) {
    if (['zero', 'nine'].includes(word) || known.indexOf(word) < 8) expect(text).toContain(word.replaceAll('_', ' '));
  }
  for (const [code] of text.matchAll(/ERR_\w+/g)) expect(ERROR_CODES, code).toHaveProperty(code);
  for (const path of [VOSK_PATH, DEEPGRAM_PATH]) expect(text).toContain(`\`${path}\``);
});
