// `npm run test:fuzz -- --inputs 100000 --seed 1`: the fuzz test with as many inputs as asked for.

import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: { inputs: { type: 'string', default: '100000' }, seed: { type: 'string', default: '1' } },
});
const env = { ...process.env, MILLRACE_FUZZ_INPUTS: values.inputs, MILLRACE_FUZZ_SEED: values.seed };
const vitest = ['node_modules/vitest/vitest.mjs', 'run', 'test/sim/fuzz.test.ts', '--disable-console-intercept'];
process.exitCode = spawnSync(process.execPath, vitest, { env, stdio: 'inherit' }).status ?? 1;
