// Serves the package's folder to a browser as a web server would, with dist/ made from the sources on the fly: the pages under
// docs/examples run as they stand, and what a test sees is what is in src/ now.

import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { transformWithOxc } from 'vite';
import { ROOT } from '../arch/imports.ts';

const TYPES: Readonly<Record<string, string>> = { '.html': 'text/html', '.js': 'text/javascript' };

export interface PageServer {
  readonly url: string;
  close(): Promise<void>;
}

/** @param own more files, path -> text  @param headers of every answer */
export async function servePages(
  own: Readonly<Record<string, string>> = {},
  headers: Readonly<Record<string, string>> = {},
): Promise<PageServer> {
  const server = createServer(async (request, response) => {
    const path = normalize(new URL(request.url!, 'http://here').pathname);
    try {
      const body = own[path] ?? (await bodyOf(path));
      response.writeHead(200, { 'content-type': TYPES[extname(path)] ?? 'text/plain', ...headers }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function bodyOf(path: string): Promise<string | Buffer> {
  const [, module] = /^\/dist\/(.+)\.js$/.exec(path) ?? [];
  if (module === undefined) return readFile(join(ROOT, path));
  const file = join(ROOT, `${module}.ts`);
  const { code } = await transformWithOxc(await readFile(file, 'utf8'), file);
  return code.replaceAll(/((?:from|import)\s*\(?\s*["']\.[^"']*)\.ts(["'])/g, '$1.js$2');
}
