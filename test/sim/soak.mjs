// `npm run test:soak -- --minutes 30 --streams 300 --seed 1`: the soak test for as long as asked for.

import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    streams: { type: 'string', default: '300' },
    seed: { type: 'string', default: '1' },
  },
});
const env = {
  ...process.env,
  MILLRACE_SOAK_MINUTES: values.minutes,
  MILLRACE_SOAK_STREAMS: values.streams,
  MILLRACE_SOAK_SEED: values.seed,
};
const vitest = ['node_modules/vitest/vitest.mjs', 'run', 'test/sim/soak.test.ts', '--disable-console-intercept'];
process.exitCode = spawnSync(process.execPath, vitest, { env, stdio: 'inherit' }).status ?? 1;
