// A soak of MILLRACE_SOAK_MINUTES with MILLRACE_SOAK_STREAMS streams (`npm run test:soak -- --minutes 30 --streams 300`), or
// of some seconds. It fails when a stream ended otherwise than it should or a handle is left over; memory and times are told,
// for a reader to judge.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { soak } from './soak-run.ts';

const MINUTES = process.env.MILLRACE_SOAK_MINUTES;
const PLAN =
  MINUTES === undefined
    ? { seconds: 4, streams: 12, lifeSeconds: 1, lookMs: 500 }
    : {
        seconds: 60 * Number(MINUTES),
        streams: Number(process.env.MILLRACE_SOAK_STREAMS ?? 300),
        lifeSeconds: 60,
        lookMs: 10_000,
      };
/** The end of a connection whose client is back on another one already. */
const TAKEN_OVER = 'ERR_STATE_FENCED';
/** For what a starved machine did not get done in time. */
const MARGIN_MS = 600_000;

it(
  `soaks a server for ${PLAN.seconds} s with ${PLAN.streams} streams: all end as they should, nothing is left over`,
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-soak-'));
    const say = (line: object): void => {
      if (MINUTES !== undefined) console.log(JSON.stringify(line));
    };
    const report = await soak({ ...PLAN, seed: Number(process.env.MILLRACE_SOAK_SEED ?? 1) }, folder, say);
    say(report);
    const { clients, grown, closed } = report;
    expect(clients.errors).toEqual({});
    expect(clients.joined).toBe(clients.ended + clients.abandoned);
    expect(clients.joined).toBeGreaterThanOrEqual(PLAN.streams);
    expect(clients.cuts).toBeGreaterThan(0);
    expect(clients.returns).toBeGreaterThan(0);
    const meant = ['', TAKEN_OVER, ...Object.keys(clients.refusals)];
    expect(Object.keys(closed).filter((code) => !meant.includes(code))).toEqual([]);
    expect(grown).toEqual([]);
    rmSync(folder, { recursive: true });
  },
  1000 * PLAN.seconds + MARGIN_MS,
);
