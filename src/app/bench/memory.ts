// Bytes that a stream costs this process: many sessions of the vad pipeline, each with a hop taken, and what V8's heap and
// its array buffers hold after a collection, beside the state that the layouts declare.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { streamId } from '../../base/units.ts';
import type { LoadedPipeline } from '../../pipeline/connect.ts';
import { Session } from '../../session/session.ts';
import { systemClock } from '../clock.ts';
import { openPipelineOrFile } from '../open-pipeline.ts';
import type { Report } from './record.ts';

const LEVELS = [100, 1000, 5000];

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** After two collections with a turn of the event loop between: what was closed just now is really gone. */
async function bytesHeld(): Promise<number> {
  collect();
  await new Promise((resolve) => setImmediate(resolve));
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

export async function benchMemory(report: Report): Promise<void> {
  for (const cell of ['ssm', 'attention']) await fill(cell, await openPipelineOrFile('vad', { cell }), report);
}

async function fill(cell: string, loaded: LoadedPipeline, report: Report): Promise<void> {
  const sessions: Session[] = [];
  const hop = new Float32Array(160).fill(0.01);
  const source = { rateHz: 16_000, width: 1 };
  const before = await bytesHeld();
  for (const level of LEVELS) {
    while (sessions.length < level) {
      const id = streamId(`${sessions.length}`);
      const session = new Session({ id, loaded, source, clock: systemClock, onOutput: () => undefined });
      session.rows(hop);
      session.work();
      sessions.push(session);
    }
    const value = ((await bytesHeld()) - before) / level;
    const ratio = value / sessions[0]!.stateBytes;
    report({
      section: 'memory',
      name: `${cell}, ${level} streams`,
      value,
      unit: 'bytes/stream',
      baseline: 'declared state',
      ratio,
    });
  }
  for (const session of sessions) session.close();
}
