// millrace inspect: what a checkpoint is made of and what a stream through it costs.

import type { Command } from 'commander';
import { buildTokenModel } from '../../model/token-model.ts';
import { openModel } from '../../weights/open-model.ts';
import { describeModel, reportModel } from '../inspect/describe-model.ts';
import { describeOwnModel, isOwnModel, reportOwnModel } from '../inspect/own-model.ts';
import { print } from '../print.ts';
import { tokenModelOptions } from '../token-model-options.ts';

export function addInspect(program: Command): void {
  program
    .command('inspect')
    .description('layers, parameters, state and work of a checkpoint')
    .argument('<folder>', 'a checkpoint: config.json and model.safetensors, or shards with an index')
    .option('--context <rows>', "rows that full attention is bounded to (default: the model's own)")
    .option('--json', 'as JSON')
    .action(async (folder: string, { json, context }: { json?: boolean; context?: string }) => {
      const model = await openModel(folder);
      if (isOwnModel(model)) {
        const own = reportOwnModel(model);
        return print(json ? JSON.stringify(own) : describeOwnModel(own));
      }
      const report = reportModel(model.name, model.id, buildTokenModel(model, tokenModelOptions(context)));
      print(json ? JSON.stringify(report) : describeModel(report));
    });
}
