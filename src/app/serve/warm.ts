// Readiness: pipelines that are opened and run in before /readyz says ready, one after the other, beside whatever else the process
// does. A client that comes sooner is served: what it asks for is opened for it.

import type { Logger } from 'pino';
import { asEngineError, engineError } from '../../base/errors.ts';
import { listPipelines } from '../../pipeline/load-pipelines.ts';
import type { OpenPipeline } from '../open-pipeline.ts';
import { PIPELINES } from '../paths.ts';

export type NotReady = 'warming' | 'warm-up failed' | 'draining';

export interface ToWarm {
  readonly names: readonly string[];
  /** Each was asked for; else one that does not run on this engine is left out, since no client can have it either. */
  readonly wanted: boolean;
}

/** @param names of pipelines; `all` alone is every one, `none` alone none @throws ERR_PIPELINE_UNKNOWN */
export async function chooseToWarm(names: readonly string[]): Promise<ToWarm> {
  const offered = await listPipelines(PIPELINES);
  if (names.length === 1 && names[0] === 'all') return { names: offered, wanted: false };
  if (names.length === 1 && names[0] === 'none') return { names: [], wanted: false };
  for (const name of names) {
    if (offered.includes(name)) continue;
    const expected = `all, none, or some of ${offered.join(', ')}`;
    const alone = name === 'all' || name === 'none';
    const message = alone ? `"${name}" is warmed beside others` : `there is no pipeline "${name}" to warm`;
    throw engineError('ERR_PIPELINE_UNKNOWN', message, { expected });
  }
  return { names, wanted: true };
}

/**
 * A pipeline that cannot be opened is logged, and the others are warmed all the same: they can be served.
 * @param goOn false: the server is closed @returns whether all were opened
 */
export async function warm(
  { names, wanted }: ToWarm,
  openPipeline: OpenPipeline,
  log: Logger,
  goOn: () => boolean,
): Promise<boolean> {
  let all = true;
  for (const pipeline of names) {
    if (!goOn()) return false;
    await openPipeline(pipeline, {}).catch((thrown: unknown) => {
      const { code, message } = asEngineError(thrown);
      // Its default options are no mistake of anybody's: it says that it does not run on this engine.
      if (!wanted && code === 'ERR_OPTION_INVALID') return log.info({ pipeline, why: message }, 'not offered');
      all = false;
      log.error({ pipeline, code, why: message }, 'warm-up failed');
    });
  }
  return all;
}
