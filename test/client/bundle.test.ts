// What a page loads of `millrace/client` and of `millrace/client/microphone`: their sizes, stated in docs/protocol.md, and that
// nothing of Node is in them.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../arch/imports.ts';
import { bundle, type Part } from './bundle.ts';

const kilobytes = (some: readonly Part[]) =>
  Math.ceil(some.reduce((sum, { code = '' }) => sum + gzipSync(code).length, 0) / 1000);
const guide = readFileSync(join(ROOT, 'docs/protocol.md'), 'utf8');

describe('the client as a page loads it', () => {
  it('imports nothing of Node, and is as small as docs/protocol.md says; the protobuf half comes when asked for', async () => {
    const parts = await bundle('index.ts', 'client');
    const first = parts.filter(({ isEntry }) => isEntry);
    const later = parts.filter(({ isEntry }) => !isEntry);
    for (const { code = '' } of parts) expect(code).not.toMatch(/from\s*["']node:|require\(/);
    const stated = /millrace\/client` is (\d+) kB .*?, (\d+) kB more/s.exec(guide);
    // Within 2 kB, since what the wire can say grows in small steps.
    expect(Math.abs(kilobytes(first) - Number(stated?.[1]))).toBeLessThanOrEqual(2);
    expect(Math.abs(kilobytes(later) - Number(stated?.[2]))).toBeLessThanOrEqual(2);
  });

  it('has its microphone apart, as small as docs/protocol.md says, in one file that knows no transport', async () => {
    const parts = await bundle('microphone/index.ts', 'microphone');
    expect(parts).toHaveLength(1);
    expect(parts[0]!.code).not.toMatch(/^import|import\(|require\(|new WebSocket/m);
    const stated = /millrace\/client\/microphone` is (\d+) kB/.exec(guide);
    expect(Math.abs(kilobytes(parts) - Number(stated?.[1]))).toBeLessThanOrEqual(1);
  });
});
