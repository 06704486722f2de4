// A real browser for tests, where one is installed: headless Chromium, driven over its own debugging protocol
// (chromedevtools.github.io/devtools-protocol) by `ws`. Its microphone is a WAV file. CHROMIUM names one that is not on PATH.

import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { WebSocket } from 'ws';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];

export const NO_CHROMIUM = 'NOT RUN, no Chromium found (apt-get install chromium, or CHROMIUM=<path>): ';

export function findChromium(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const paths = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  return [process.env.CHROMIUM ?? '', ...paths].filter(Boolean).find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

export interface Page {
  /** The value of an expression (promises awaited) in the page, by JSON. What it throws is thrown here. */
  evaluate<T>(expression: string): Promise<T>;
  /** Until the expression is truthy; its value. The test's own time limit ends it. */
  until<T>(expression: string): Promise<T>;
  /** What the page logged, and what went wrong in it. */
  readonly log: readonly string[];
}

export interface Chromium {
  open(url: string): Promise<Page>;
  close(): Promise<void>;
}

interface Reply {
  readonly id?: number;
  readonly method?: string;
  readonly sessionId?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
}

/** @param microphone path of a WAV file that the fake microphone plays, again and again */
export async function launchChromium(path: string, microphone: string): Promise<Chromium> {
  const profile = mkdtempSync(join(tmpdir(), 'millrace-chromium-'));
  const child = spawn(
    path,
    [
      '--headless=new',
      '--no-sandbox', // tests may run as root in a container
      '--disable-gpu',
      '--disable-dev-shm-usage',
      '--no-first-run',
      '--remote-debugging-port=0',
      `--user-data-dir=${profile}`,
      '--autoplay-policy=no-user-gesture-required',
      '--use-fake-device-for-media-stream',
      '--use-fake-ui-for-media-stream',
      `--use-file-for-fake-audio-capture=${microphone}`,
      'about:blank',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const socket = new WebSocket(await addressOf(child), { perMessageDeflate: false });
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  const call = caller(socket);
  return {
    async open(url) {
      const { targetId } = await call('Target.createTarget', { url: 'about:blank' });
      const { sessionId } = await call('Target.attachToTarget', { targetId, flatten: true });
      return openPage(socket, (method, params) => call(method, params, sessionId as string), sessionId as string, url);
    },
    async close() {
      await Promise.race([call('Browser.close'), exited]);
      const late = setTimeout(() => child.kill('SIGKILL'), 5000);
      await exited;
      clearTimeout(late);
      socket.terminate();
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

function addressOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    child.stderr!.on('data', (data) => {
      said += data;
      const [, address] = /DevTools listening on (ws:\S+)/.exec(said) ?? [];
      if (address) resolve(address);
    });
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`Chromium ended with ${code} before it listened:\n${said}`)));
  });
}

type Call = (method: string, params?: object, sessionId?: string) => Promise<Record<string, unknown>>;

function caller(socket: WebSocket): Call {
  const waiting = new Map<number, { resolve(result: Record<string, unknown>): void; reject(error: Error): void }>();
  let id = 0;
  socket.on('message', (data) => {
    const reply = JSON.parse(String(data)) as Reply;
    const caller = waiting.get(reply.id ?? -1);
    if (!caller) return;
    waiting.delete(reply.id!);
    if (reply.error) caller.reject(new Error(reply.error.message));
    else caller.resolve(reply.result ?? {});
  });
  socket.on('close', () => {
    for (const { reject } of waiting.values()) reject(new Error('Chromium has gone'));
  });
  return (method, params = {}, sessionId) => {
    id++;
    socket.send(JSON.stringify({ id, method, params, ...(sessionId ? { sessionId } : {}) }));
    return new Promise((resolve, reject) => waiting.set(id, { resolve, reject }));
  };
}

async function openPage(socket: WebSocket, call: Call, sessionId: string, url: string): Promise<Page> {
  const log: string[] = [];
  const loaded = new Promise<void>((resolve) => {
    socket.on('message', (data) => {
      const { method, params, sessionId: whose } = JSON.parse(String(data)) as Reply;
      if (whose !== sessionId) return;
      if (method === 'Page.loadEventFired') resolve();
      if (
        method === 'Runtime.consoleAPICalled' ||
        method === 'Runtime.exceptionThrown' ||
        method === 'Log.entryAdded'
      ) {
        log.push(JSON.stringify(params));
      }
    });
  });
  for (const domain of ['Page', 'Runtime', 'Log']) await call(`${domain}.enable`);
  await call('Page.navigate', { url });
  await loaded;
  const evaluate = async <T>(expression: string): Promise<T> => {
    const { result, exceptionDetails } = await call('Runtime.evaluate', {
      expression,
      awaitPromise: true,
      returnByValue: true,
      userGesture: true,
    });
    if (exceptionDetails) throw new Error(`in the page: ${JSON.stringify(exceptionDetails)}`);
    return (result as { value: T }).value;
  };
  return {
    log,
    evaluate,
    async until(expression) {
      for (;;) {
        const value = await evaluate<never>(expression);
        if (value) return value;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
  };
}
