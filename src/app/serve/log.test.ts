// What the log says of streams, and what it never says.

import { pino } from 'pino';
import { expect, it } from 'vitest';
import { asEngineError, engineError } from '../../base/errors.ts';
import { logStream } from './log.ts';

function linesOf(...events: Parameters<typeof logStream>[1][]) {
  const lines: string[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(line) });
  for (const event of events) logStream(log, event);
  return lines.map((line) => JSON.parse(line) as { level: number; msg: string; code?: string; at?: string[] });
}

it('has a line for each stream that opens, closes or is refused, with its code', () => {
  const lines = linesOf(
    { event: 'opened', id: 'a' },
    { event: 'closed', id: 'a' },
    { event: 'closed', id: 'b', error: engineError('ERR_IDLE', 'nothing came') },
    { event: 'refused', error: engineError('ERR_SESSION_LIMIT', 'full') },
  );
  expect(lines).toMatchObject([
    { level: 30, session: 'a', msg: 'stream opened' },
    { level: 30, session: 'a', msg: 'stream closed' },
    { level: 30, session: 'b', code: 'ERR_IDLE', msg: 'stream closed' },
    { level: 40, code: 'ERR_SESSION_LIMIT', msg: 'stream refused' },
  ]);
  for (const line of lines) expect(line).not.toHaveProperty('at');
});

it('says of a fault of ours where it was, and not what it said', () => {
  const error = asEngineError(new TypeError('cannot read "a payload"'));
  const [line] = linesOf({ event: 'closed', id: 'a', error });
  expect(line).toMatchObject({ level: 50, code: 'ERR_INVARIANT', msg: 'stream closed' });
  expect(line!.at![0]).toContain('log.test.ts');
  expect(line!.at!.length).toBeLessThanOrEqual(5);
  expect(JSON.stringify(line)).not.toContain('payload');
});
