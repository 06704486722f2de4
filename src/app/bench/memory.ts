// Bytes that a stream costs this process: many sessions of the vad pipeline, each with a hop taken, and what V8's heap and
// its array buffers hold after a collection, beside the state that the layouts declare.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { streamId } from '../../base/units.ts';
import { Session } from '../../session/session.ts';
import { systemClock } from '../clock.ts';
import { openPipelineOrFile } from '../open-pipeline.ts';
import type { Report } from './record.ts';

const LEVELS = [100, 1000, 5000];

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

function bytesHeld(): number {
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

export async function benchMemory(report: Report): Promise<void> {
  for (const cell of ['ssm', 'attention']) {
    const loaded = await openPipelineOrFile('vad', { cell });
    const sessions: Session[] = [];
    const before = bytesHeld();
    const hop = new Float32Array(160).fill(0.01);
    for (const level of LEVELS) {
      while (sessions.length < level) {
        const id = streamId(`${sessions.length}`);
        const source = { rateHz: 16_000, width: 1 };
        const session = new Session({ id, loaded, source, clock: systemClock, onOutput: () => undefined });
        session.rows(hop);
        session.work();
        sessions.push(session);
      }
      const each = (bytesHeld() - before) / level;
      const state = sessions[0]!.stateBytes;
      const name = `${cell}, ${level} streams`;
      report({
        section: 'memory',
        name,
        value: each,
        unit: 'bytes/stream',
        baseline: 'declared state',
        ratio: each / state,
      });
    }
    for (const session of sessions) session.close();
  }
}
