// What the tests in a browser share: headless Chromium, whose microphone plays the bundled recording, the server with its real
// pipelines, and a web server with the client's bundles. Where no Chromium is installed none of it is begun, and the output
// says so.

import { join } from 'node:path';
import { afterAll, beforeAll, describe } from 'vitest';
import { type RunningServer, startServer } from '../../src/app/commands/serve.ts';
import { ROOT } from '../arch/imports.ts';
import { type Chromium, findChromium, launchChromium, NO_CHROMIUM } from '../helpers/chromium.ts';
import { type PageServer, servePages } from '../helpers/page-server.ts';
import { bundle } from './bundle.ts';

export const RECORDING = 'assets/speech-in-noise.wav';

export interface Browser {
  readonly server: RunningServer;
  readonly chromium: Chromium;
  /** Has /client.js, /microphone.js, /empty.html and the package's own files. */
  readonly pages: PageServer;
}

/** @param tests begun with an object that is filled before the first of them runs */
export function inChromium(what: string, tests: (browser: Browser) => void): void {
  const path = findChromium();
  if (!path) console.warn(`${NO_CHROMIUM}${what}`);
  describe.skipIf(!path)(path ? `${what}, in Chromium` : `${NO_CHROMIUM}${what}`, () => {
    const browser: { -readonly [K in keyof Browser]?: Browser[K] } = {};
    beforeAll(async () => {
      const parts = [...(await bundle('index.ts', 'client')), ...(await bundle('microphone/index.ts', 'microphone'))];
      const files = Object.fromEntries(parts.map(({ fileName, code = '' }) => [`/${fileName}`, code]));
      browser.server = await startServer({ host: '127.0.0.1', port: 0 });
      browser.pages = await servePages({ ...files, '/empty.html': '<!doctype html>' });
      browser.chromium = await launchChromium(path!, join(ROOT, RECORDING));
    });
    afterAll(async () => {
      await browser.chromium?.close();
      await browser.pages?.close();
      await browser.server?.close();
    });
    tests(browser as Browser);
  });
}
