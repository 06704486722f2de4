// millrace pipelines: what can be run, and with which options.

import type { Command } from 'commander';
import { listPipelines, loadNamedPipeline } from '../../pipeline/load-pipelines.ts';
import { describeOption } from '../../pipeline/options.ts';
import { describePipelines } from '../http.ts';
import { PIPELINES } from '../paths.ts';
import { print } from '../print.ts';

export function addPipelines(program: Command): void {
  program
    .command('pipelines')
    .description('list the pipelines and their options')
    .option('--json', 'as JSON, like GET /v1/pipelines')
    .action(async ({ json }: { json?: boolean }) => {
      if (json) return print(JSON.stringify({ pipelines: await describePipelines() }));
      for (const name of await listPipelines(PIPELINES)) {
        const { summary, input, options } = await loadNamedPipeline(name, PIPELINES);
        const takes = input.kind === 'audio' ? 'audio of any rate' : 'sensor rows, CSV or live';
        print(`${name.padEnd(12)}${summary}  (takes ${takes})`);
        for (const [option, spec] of Object.entries(options)) {
          print(`${`  --set ${option}=…`.padEnd(26)}${spec.help}: ${describeOption(spec)}`);
        }
      }
    });
}
