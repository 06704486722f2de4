// Other servers' vocabularies at /compat: which pipeline answers there, and with which words.

import { asEngineError, type ErrorCode } from '../../base/errors.ts';
import { loadNamedPipeline } from '../../pipeline/load-pipelines.ts';
import { compatRoutes } from '../../transport/compat/compat-routes.ts';
import type { Recogniser } from '../../transport/compat/spoken.ts';
import type { DialectRoute } from '../../transport/dialect.ts';
import { PIPELINES } from '../paths.ts';

const PIPELINE = 'listen';
/** Its readings say how far the stream has been heard. */
const OPTIONS = { segments: 'readings' };
/** What `words` of the pipeline can be besides a word. */
const GROUPS = ['all', 'wake', 'digits'];

/** @param refused told of each refusal before there is a WebSocket, by its code */
export function openDialects(refused: (code: ErrorCode) => void): readonly DialectRoute[] {
  let recogniser: Promise<Recogniser> | undefined;
  const open = (): Promise<Recogniser> => {
    recogniser ??= readRecogniser().catch((thrown: unknown) => {
      recogniser = undefined; // the next connection tries again
      throw thrown;
    });
    return recogniser;
  };
  return compatRoutes(open).map((route) => ({
    ...route,
    async open(request) {
      try {
        return await route.open(request);
      } catch (thrown) {
        refused(asEngineError(thrown).code);
        throw thrown;
      }
    },
  }));
}

async function readRecogniser(): Promise<Recogniser> {
  const { words } = (await loadNamedPipeline(PIPELINE, PIPELINES)).options;
  const choices = words?.type === 'choice' ? words.values : [];
  const known = choices.filter((word) => !GROUPS.includes(word)).map((word) => word.replaceAll('_', ' '));
  return { pipeline: PIPELINE, options: OPTIONS, words: known };
}
