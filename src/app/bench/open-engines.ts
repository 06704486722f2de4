// Every way of doing the arithmetic that this machine has, the plain loops first: what the others are held against.

import { asEngineError } from '../../base/errors.ts';
import { ENGINES, type Engine, loadEngine } from '../../pipeline/engine.ts';
import type { BenchContext } from './record.ts';

export async function openEngines({ note }: Pick<BenchContext, 'note'>): Promise<Engine[]> {
  const engines: Engine[] = [];
  for (const name of ['plain', ...ENGINES.filter((other) => other !== 'plain')]) {
    try {
      engines.push(await loadEngine(name));
    } catch (thrown) {
      const error = asEngineError(thrown);
      if (error.code !== 'ERR_ENGINE_UNAVAILABLE') throw error;
      note(`the engine ${name} is left out: ${error.message}`);
    }
  }
  return engines;
}
