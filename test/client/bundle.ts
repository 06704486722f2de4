// A door of the client, bundled as a page would, by the bundler that the test runner brings along.

import { join } from 'node:path';
import { build } from 'vite';
import { ROOT } from '../arch/imports.ts';

export interface Part {
  readonly type: string;
  readonly fileName: string;
  readonly code?: string;
  readonly isEntry?: boolean;
}

/** @param door under src/client @param name of the first file, without .js */
export async function bundle(door: string, name: string): Promise<readonly Part[]> {
  const out = await build({
    configFile: false,
    root: ROOT,
    logLevel: 'silent',
    build: {
      write: false,
      minify: true,
      lib: { entry: join(ROOT, 'src/client', door), formats: ['es'], fileName: name },
      // A page has its own WebSocket: `ws` is never reached in it (src/client/socket.ts).
      rollupOptions: { external: ['ws'] },
    },
  });
  return (Array.isArray(out) ? out[0]! : (out as { output: unknown })).output as unknown as readonly Part[];
}
