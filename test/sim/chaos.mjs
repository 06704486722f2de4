// `npm run test:chaos -- --runs 500 --seed 1`: the chaos test with as many runs as asked for.

import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '500' }, seed: { type: 'string', default: '1' } },
});
const env = { ...process.env, MILLRACE_CHAOS_RUNS: values.runs, MILLRACE_CHAOS_SEED: values.seed };
const vitest = ['node_modules/vitest/vitest.mjs', 'run', 'test/sim/chaos.test.ts', '--disable-console-intercept'];
process.exitCode = spawnSync(process.execPath, vitest, { env, stdio: 'inherit' }).status ?? 1;
