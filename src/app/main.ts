#!/usr/bin/env node
// The `millrace` command. Exit codes: 0 done, 1 an error with a code (docs/errors.md), 2 a command line that makes no sense.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, CommanderError } from 'commander';
import { asEngineError } from '../base/errors.ts';
import { addBench } from './commands/bench.ts';
import { addDemo } from './commands/demo.ts';
import { addEnrol } from './commands/enrol.ts';
import { addEvaluate } from './commands/evaluate.ts';
import { addExport } from './commands/export.ts';
import { addGenerate } from './commands/generate.ts';
import { addInspect } from './commands/inspect.ts';
import { addPipelines } from './commands/pipelines.ts';
import { addRun } from './commands/run.ts';
import { addServe } from './commands/serve.ts';
import { addVerify } from './commands/verify.ts';
import { ROOT } from './paths.ts';
import { describeError, printAside } from './print.ts';

const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };

const program = new Command('millrace')
  .description('Live sequence models on streams: causal cells with constant state.')
  .version(version)
  .showHelpAfterError('(see --help)')
  .exitOverride();
for (const add of [
  addDemo,
  addRun,
  addServe,
  addPipelines,
  addEnrol,
  addEvaluate,
  addBench,
  addExport,
  addInspect,
  addGenerate,
  addVerify,
])
  add(program);

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
