#!/usr/bin/env node
// The `millrace` command. Exit codes: 0 done, 1 an error with a code (docs/errors.md), 2 a command line that makes no sense.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, CommanderError } from 'commander';
import { asEngineError } from '../base/errors.ts';
import { ROOT } from './paths.ts';
import { describeError, printAside } from './print.ts';

const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };

const program = new Command('millrace')
  .description('Live sequence models on streams: causal cells with constant state.')
  .version(version)
  .showHelpAfterError('(see --help)')
  .exitOverride();
// Only the command that was asked for is loaded, as each brings half the package with it; all of them for --help and typos.
const commands: Readonly<Record<string, () => Promise<(program: Command) => void>>> = {
  demo: async () => (await import('./commands/demo.ts')).addDemo,
  run: async () => (await import('./commands/run.ts')).addRun,
  serve: async () => (await import('./commands/serve.ts')).addServe,
  pipelines: async () => (await import('./commands/pipelines.ts')).addPipelines,
  enrol: async () => (await import('./commands/enrol.ts')).addEnrol,
  evaluate: async () => (await import('./commands/evaluate.ts')).addEvaluate,
  bench: async () => (await import('./commands/bench.ts')).addBench,
  export: async () => (await import('./commands/export.ts')).addExport,
  inspect: async () => (await import('./commands/inspect.ts')).addInspect,
  generate: async () => (await import('./commands/generate.ts')).addGenerate,
  verify: async () => (await import('./commands/verify.ts')).addVerify,
};
const asked = process.argv[2] ?? '';
const wanted = Object.hasOwn(commands, asked) ? [commands[asked]!] : Object.values(commands);
for (const load of wanted) (await load())(program);

// A reader that closes the pipe early (`| head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

try {
  await program.parseAsync();
} catch (thrown) {
  if (thrown instanceof CommanderError) process.exit(thrown.exitCode === 0 ? 0 : 2);
  const error = asEngineError(thrown);
  printAside(describeError(error));
  if (error.code === 'ERR_INVARIANT')
    printAside(String(error.cause instanceof Error ? error.cause.stack : error.stack));
  process.exit(error.code === 'ERR_USAGE' ? 2 : 1);
}
