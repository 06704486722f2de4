// millrace verify: a checkpoint against the golden vectors beside it, made by its upstream code.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { engineError } from '../../base/errors.ts';
import { buildTokenModel } from '../../model/token-model.ts';
import { openModel } from '../../weights/open-model.ts';
import { parseSafetensors } from '../../weights/safetensors.ts';
import { isOwnModel, verifyOwnModel } from '../inspect/own-model.ts';
import { print, table } from '../print.ts';
import { usage } from '../usage.ts';
import { type Comparison, type Precision, verifyModel } from '../verify/verify-model.ts';

const TOLERANCE = 1e-5;
/** Upstream's own float32 is up to 5e-5 off its float64 here: its norm divides by what the delta rule read. */
const WIDER: Readonly<Record<string, number>> = { qwen3_next: 2e-4 };
const TOLERANCE_HELP = 'of the largest value of each tensor (default: 1e-5, of qwen3_next 2e-4)';

interface VerifyFlags {
  readonly tolerance?: string;
  readonly precision: string;
  readonly json?: boolean;
}

export function addVerify(program: Command): void {
  program
    .command('verify')
    .description('run a checkpoint on the inputs of golden.safetensors beside it and compare outputs and states')
    .argument('<folder>', 'a checkpoint with golden.safetensors')
    .option('--tolerance <t>', `${TOLERANCE_HELP}; beyond it the exit code is 1`)
    .option('--precision <f32|f64>', "which of upstream's runs to compare with", 'f32')
    .option('--json', 'as JSON: {tolerance, precision, comparisons: [{name, error}]}')
    .action(verify);
}

async function verify(folder: string, flags: VerifyFlags): Promise<void> {
  const asked = flags.tolerance === undefined ? undefined : Number(flags.tolerance);
  if (asked !== undefined && !(asked > 0)) {
    throw usage(`--tolerance cannot be "${flags.tolerance}"`, 'a number above 0, such as 1e-5');
  }
  const precision = precisionOf(flags.precision);
  const model = await openModel(folder);
  const tolerance = asked ?? WIDER[String(model.config.model_type)] ?? TOLERANCE;
  const path = join(folder, 'golden.safetensors');
  const golden = await readFile(path).catch((cause: unknown) => {
    throw engineError('ERR_WEIGHTS_MISSING', `cannot read ${path}`, { expected: 'golden vectors', cause });
  });
  const vectors = parseSafetensors(golden);
  const comparisons = isOwnModel(model)
    ? verifyOwnModel(model, vectors)
    : verifyModel(buildTokenModel(model), vectors, precision);
  if (flags.json) print(JSON.stringify({ tolerance, precision, comparisons }));
  else print(describe(comparisons, tolerance));
  if (comparisons.some(({ error }) => isOver(error, tolerance))) process.exitCode = 1;
}

const isOver = (error: number | undefined, tolerance: number): boolean => error !== undefined && !(error <= tolerance);

function describe(comparisons: readonly Comparison[], tolerance: number): string {
  const verdict = (error: number | undefined): string => {
    if (error === undefined) return 'not kept here';
    return isOver(error, tolerance) ? 'OVER' : 'ok';
  };
  const rows = comparisons.map(({ name, error }) => [name, error?.toExponential(1) ?? '-', verdict(error)]);
  const shown = tolerance.toExponential();
  const over = comparisons.filter(({ error }) => isOver(error, tolerance)).length;
  const summary = over === 0 ? `all within ${shown}` : `${over} of ${comparisons.length} over ${shown}`;
  return `${table([['tensor', 'largest relative error', ''], ...rows])}\n\n${summary}`;
}

function precisionOf(text: string): Precision {
  if (text === 'f32' || text === 'f64') return text;
  throw usage(`--precision cannot be "${text}"`, 'f32 or f64');
}
