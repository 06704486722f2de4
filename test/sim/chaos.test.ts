// Runs of chaos: MILLRACE_CHAOS_RUNS of them from seed MILLRACE_CHAOS_SEED on (`npm run test:chaos -- --runs 500 --seed 1`),
// or a few, which take about ten seconds. A run that goes wrong names its seed and leaves its files.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ROOT } from '../arch/imports.ts';
import { chaosRun, makeWorld, type Outcome } from './chaos-run.ts';

const RUNS = Number(process.env.MILLRACE_CHAOS_RUNS ?? 2);
/** Of the bundled recording: 16 kHz, one channel, pcm_s16le. */
const HEADER_BYTES = 44;
const SEED = Number(process.env.MILLRACE_CHAOS_SEED ?? 1);

it(
  `ends ${RUNS} disturbed streams as the undisturbed ones end, or with an explicit refusal`,
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-chaos-'));
    const rows = join(folder, 'rows');
    writeFileSync(rows, readFileSync(join(ROOT, 'assets/speech-in-noise.wav')).subarray(HEADER_BYTES));
    const world = await makeWorld(folder, 2);
    const outcomes: Outcome[] = [];
    for (let seed = SEED; seed < SEED + RUNS; seed++) {
      const outcome = await chaosRun(seed, world, folder, rows);
      outcomes.push(outcome);
      if (RUNS > 10) console.log(JSON.stringify(outcome));
    }
    await world.close();
    const bad = outcomes.filter(({ result }) => result !== 'same' && result !== 'refused');
    expect(bad, `files in ${folder}`).toEqual([]);
    expect(outcomes.filter(({ result }) => result === 'same').length).toBeGreaterThanOrEqual(0.98 * RUNS);
    rmSync(folder, { recursive: true });
  },
  60_000 + 100_000 * RUNS,
);
