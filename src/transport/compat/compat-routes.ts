// Where clients of other servers connect, and what each speaks there. Docs: docs/compat.md.

import type { DialectRoute } from '../dialect.ts';
import { DeepgramDialect } from './deepgram/deepgram-dialect.ts';
import { readDeepgramQuery } from './deepgram/deepgram-query.ts';
import type { Recogniser } from './spoken.ts';
import { VoskDialect } from './vosk/vosk-dialect.ts';

/** An SDK puts /v1/listen behind its base URL. */
export const DEEPGRAM_PATH = '/compat/deepgram/v1/listen';
export const VOSK_PATH = '/compat/vosk';

/** @param recogniser asked for at a connection, so that a server without any pays nothing */
export function compatRoutes(recogniser: () => Promise<Recogniser>): readonly DialectRoute[] {
  return [
    { path: VOSK_PATH, protocols: [], open: async () => new VoskDialect(await recogniser()) },
    {
      path: DEEPGRAM_PATH,
      protocols: ['token', 'bearer'],
      open: async ({ url = '' }) => {
        const query = readDeepgramQuery(url);
        return new DeepgramDialect(await recogniser(), query, Date.now());
      },
    },
  ];
}
