// What a page loads of `millrace/client`: its size, stated in docs/protocol.md, and that nothing of Node is in it. Bundled as
// a page would, by the bundler that the test runner brings along.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'vite';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../arch/imports.ts';

interface Part {
  readonly type: string;
  readonly code?: string;
  readonly isEntry?: boolean;
  readonly imports?: readonly string[];
}

async function bundle(): Promise<readonly Part[]> {
  const entry = join(ROOT, 'src/client/index.ts');
  const out = await build({
    configFile: false,
    root: ROOT,
    logLevel: 'silent',
    build: {
      write: false,
      minify: true,
      lib: { entry, formats: ['es'], fileName: 'client' },
      // A page has its own WebSocket: `ws` is never reached in it (src/client/socket.ts).
      rollupOptions: { external: ['ws'] },
    },
  });
  return (Array.isArray(out) ? out[0]! : (out as { output: unknown })).output as unknown as readonly Part[];
}

describe('the client as a page loads it', () => {
  it('imports nothing of Node, and is as small as docs/protocol.md says; the protobuf half comes when asked for', async () => {
    const parts = await bundle();
    const isFirst = (part: Part) => part.isEntry === true;
    const kilobytes = (some: readonly Part[]) =>
      Math.ceil(some.reduce((sum, { code = '' }) => sum + gzipSync(code).length, 0) / 1000);
    const first = parts.filter(isFirst);
    const later = parts.filter((part) => !isFirst(part));
    for (const { code = '' } of parts) expect(code).not.toMatch(/from\s*["']node:|require\(/);
    const stated = /millrace\/client` is (\d+) kB .*?, (\d+) kB more/s.exec(
      readFileSync(join(ROOT, 'docs/protocol.md'), 'utf8'),
    );
    // Within 2 kB, since what the wire can say grows in small steps.
    expect(Math.abs(kilobytes(first) - Number(stated?.[1]))).toBeLessThanOrEqual(2);
    expect(Math.abs(kilobytes(later) - Number(stated?.[2]))).toBeLessThanOrEqual(2);
  });
});
