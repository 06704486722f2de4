// millrace generate: token ids after token ids, one a line as they come. There is no tokenizer here.

import type { Command } from 'commander';
import { stateBytes } from '../../cell/state.ts';
import { generateTokens, greedy, type Pick, sampler } from '../../model/generate-tokens.ts';
import { buildTokenModel } from '../../model/token-model.ts';
import { openModel } from '../../weights/open-model.ts';
import { byteSize, print, printAside } from '../print.ts';
import { wholeNumber } from '../token-model-options.ts';
import { usage } from '../usage.ts';

interface GenerateFlags {
  readonly ids: string;
  readonly count: string;
  readonly temperature?: string;
  readonly seed: string;
}

export function addGenerate(program: Command): void {
  program
    .command('generate')
    .description('go on from token ids, with a state that does not grow')
    .argument('<folder>', 'a checkpoint: config.json and model.safetensors, or shards with an index')
    .requiredOption('--ids <1,2,3>', 'the tokens to go on from')
    .option('--count <n>', 'how many tokens', '20')
    .option('--temperature <t>', 'draw instead of taking the likeliest; 1 is the model as it is')
    .option('--seed <n>', 'of the drawing', '0')
    .action(generate);
}

async function generate(folder: string, flags: GenerateFlags): Promise<void> {
  const ids = flags.ids.split(',').map((text) => wholeNumber('--ids', text, 0));
  const count = wholeNumber('--count', flags.count, 1);
  const pick = pickOf(flags);
  const checkpoint = await openModel(folder);
  // Full attention is given as many rows as this run takes; a recurrence needs no such promise.
  const model = buildTokenModel(checkpoint, { contextRows: ids.length + count });
  const wrong = ids.find((id) => id >= model.vocabSize);
  if (wrong !== undefined) throw usage(`--ids cannot be "${wrong}"`, `token ids below ${model.vocabSize}`);
  for (const id of generateTokens(model, ids, count, pick)) {
    print(String(id));
    await new Promise(setImmediate); // let the line out before the next step
  }
  printAside(`${count} tokens after ${ids.length}, ${byteSize(stateBytes(model.cell.layout))} of state throughout`);
}

function pickOf({ temperature, seed }: GenerateFlags): Pick {
  const number = wholeNumber('--seed', seed, 0);
  if (temperature === undefined) return greedy;
  const value = Number(temperature);
  if (!(value > 0 && value < Infinity)) throw usage(`--temperature cannot be "${temperature}"`, 'a number above 0');
  return sampler(value, number);
}
