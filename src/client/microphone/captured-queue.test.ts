import { describe, expect, it } from 'vitest';
import type { GapWhy } from './capture-worklet.ts';
import { type Captured, capturedQueue } from './captured-queue.ts';

const rows = (from: number, to: number): Captured => ({
  kind: 'rows',
  from,
  to,
  pts: from,
  rows: new Float32Array(to - from),
});
const gap = (from: number, to: number, why: GapWhy): Captured => ({ kind: 'gap', from, to, pts: from, why });

async function drain(queue: ReturnType<typeof capturedQueue>): Promise<unknown[]> {
  const got: unknown[] = [];
  for (let piece = await queue.next(); piece; piece = await queue.next()) {
    got.push([piece.from, piece.to, piece.kind === 'gap' ? piece.why : 'rows']);
  }
  return got;
}

describe('the queue between a microphone and its reader', () => {
  it('gives pieces in order, joins gaps of one reason, and finishes', async () => {
    const queue = capturedQueue(100);
    for (const piece of [rows(0, 10), gap(10, 20, 'muted'), gap(20, 30, 'muted'), gap(30, 31, 'device')])
      queue.push(piece);
    queue.end();
    queue.push(rows(31, 41));
    expect(await drain(queue)).toEqual([
      [0, 10, 'rows'],
      [10, 30, 'muted'],
      [30, 31, 'device'],
    ]);
  });

  it('drops the oldest when full, and says so in its place', async () => {
    const queue = capturedQueue(30);
    for (let at = 0; at < 60; at += 10) queue.push(rows(at, at + 10));
    queue.push(gap(60, 70, 'muted'));
    expect(await queue.next()).toMatchObject({ kind: 'gap', from: 0, to: 30, pts: 0, why: 'overrun' });
    for (let at = 70; at < 90; at += 10) queue.push(rows(at, at + 10));
    queue.end();
    expect(await drain(queue)).toEqual([
      [30, 50, 'overrun'],
      [50, 60, 'rows'],
      [60, 70, 'muted'],
      [70, 80, 'rows'],
      [80, 90, 'rows'],
    ]);
  });

  it('holds one chunk whatever its size, and fails after what it holds', async () => {
    const queue = capturedQueue(5);
    queue.push(rows(0, 10));
    queue.end(new Error('refused'));
    expect(await queue.next()).toMatchObject({ from: 0, to: 10, kind: 'rows' });
    await expect(queue.next()).rejects.toThrow('refused');
  });

  it('wakes a reader who waits', async () => {
    const queue = capturedQueue(5);
    const waiting = queue.next();
    queue.push(gap(0, 1, 'device'));
    expect(await waiting).toMatchObject({ why: 'device' });
  });
});
