// Settings from flags, variables and a file: which wins, what is refused and in which words.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EngineError } from '../../base/errors.ts';
import {
  addServeOptions,
  chooseSettings,
  type ServeFlags,
  serveConfig,
  shownConfig,
  WORKER_SETTINGS_VARIABLE,
} from '../serve/choose-settings.ts';
import type { Environment } from './resolve.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-config-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function fileOf(content: unknown): Promise<string> {
  const path = join(folder, 'millrace.json');
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

/** As the command line gives them. */
function flagsOf(...args: string[]): ServeFlags {
  const command = addServeOptions(new Command('serve').exitOverride());
  return command.parse(args, { from: 'user' }).opts<ServeFlags>();
}

const choose = (args: string[], environment: Environment = {}) => chooseSettings(flagsOf(...args), environment);

async function refused(args: string[], environment: Environment = {}): Promise<EngineError> {
  return choose(args, environment).then(
    () => expect.unreachable('nothing was refused'),
    (error: EngineError) => error,
  );
}

describe('settings', () => {
  it('come from a flag, else from a variable, else from the file, else they have a default', async () => {
    const path = await fileOf({
      port: 1,
      host: '::1',
      workers: 2,
      'sessions-max': 10,
      'idle-ms-max': 20,
      warm: ['vad'],
    });
    const environment = {
      MILLRACE_LISTEN_PORT: '3',
      MILLRACE_WORKERS: '4',
      MILLRACE_SESSIONS_MAX: '30',
      MILLRACE_WARM: '',
    };
    const args = ['--config', path, '--port', '5', '--limit', 'sessions-max=50'];
    const chosens = await choose(args, environment);
    const of = (name: string) => chosens.get(name);
    expect(of('port')).toEqual({ value: 5, source: 'flag' });
    expect(of('sessions-max')).toEqual({ value: 50, source: 'flag' });
    expect(of('workers')).toEqual({ value: 4, source: 'env' });
    expect(of('host')).toEqual({ value: '::1', source: 'file' });
    expect(of('idle-ms-max')).toEqual({ value: 20, source: 'file' });
    expect(of('warm')).toEqual({ value: ['vad'], source: 'file' }); // an empty variable is none
    expect(of('engine')).toEqual({ value: 'portable', source: 'default' });
    expect(serveConfig(chosens)).toMatchObject({ port: 5, host: '::1', limits: { sessionsMax: 50, idleMsMax: 20 } });
  });

  it('find the file by its variable too; a flag names another', async () => {
    const path = await fileOf({ port: 7 });
    expect((await choose([], { MILLRACE_CONFIG: path })).get('port')).toEqual({ value: 7, source: 'file' });
    const { code, message } = await refused(['--config', join(folder, 'none.json')], { MILLRACE_CONFIG: path });
    expect([code, message]).toEqual(['ERR_CONFIG_INVALID', expect.stringContaining('none.json')]);
  });

  it('take paths of a file from its folder on, and those of flags and variables as they are', async () => {
    const path = await fileOf({ tokens: 'tokens.txt', 'state-dir': '/var/lib/states' });
    const chosens = await choose(['--config', path, '--tls-cert', 'cert.pem'], { MILLRACE_TLS_KEY: 'key.pem' });
    expect(serveConfig(chosens)).toMatchObject({
      tokens: join(folder, 'tokens.txt'),
      stateDir: '/var/lib/states',
      tlsCert: 'cert.pem',
      tlsKey: 'key.pem',
    });
  });

  it('are switched on and off by each source', async () => {
    const path = await fileOf({ 'trust-proxy': true });
    const trust = async (args: string[], text?: string) =>
      (await choose(['--config', path, ...args], { MILLRACE_TRUST_PROXY: text })).get('trust-proxy');
    expect(await trust([])).toEqual({ value: true, source: 'file' });
    for (const off of ['false', '0']) expect(await trust([], off)).toEqual({ value: false, source: 'env' });
    expect(await trust(['--trust-proxy'], 'false')).toEqual({ value: true, source: 'flag' });
    expect(await trust(['--trust-proxy', 'false'])).toEqual({ value: false, source: 'flag' });
    expect((await refused([], { MILLRACE_TRUST_PROXY: 'yes' })).expected).toBe('true or false');
  });

  it('are lists with commas in flags and variables, lists in the file', async () => {
    const path = await fileOf({ origins: ['https://a.example/', 'https://b.example'] });
    const chosens = await choose(['--config', path, '--warm', 'vad, forecast']);
    expect(chosens.get('origins')?.value).toEqual(['https://a.example', 'https://b.example']);
    expect(chosens.get('warm')?.value).toEqual(['vad', 'forecast']);
    expect((await refused(['--origins', 'https://a.example/page'])).message).toContain('--origins cannot be');
  });

  it('are lists that go on when their flag is given again, each item once', async () => {
    const warm = async (...args: string[]) => (await choose(args, { MILLRACE_WARM: 'denoise' })).get('warm');
    expect(await warm('--warm', 'vad', '--warm', 'forecast')).toEqual({ value: ['vad', 'forecast'], source: 'flag' });
    expect((await warm('--warm', 'vad,forecast', '--warm=voice', '--warm', 'vad'))?.value).toEqual([
      'vad',
      'forecast',
      'voice',
    ]);
    expect(await warm()).toEqual({ value: ['denoise'], source: 'env' });
    const origins = await choose(['--origins', 'https://a.example', '--origins', 'https://b.example/']);
    expect(origins.get('origins')?.value).toEqual(['https://a.example', 'https://b.example']);
    expect((await refused(['--origins', 'https://a.example', '--origins', 'b.example'])).code).toBe('ERR_USAGE');
    expect((await choose([], { MILLRACE_WARM: 'vad, vad,forecast' })).get('warm')?.value).toEqual(['vad', 'forecast']);
    const path = await fileOf({ warm: ['vad', 'forecast', 'vad'] });
    expect((await choose(['--config', path])).get('warm')?.value).toEqual(['vad', 'forecast']);
    // Of what is no list the last one counts, as for other commands.
    expect((await choose(['--port', '1', '--port', '2'])).get('port')?.value).toBe(2);
  });

  it('--quiet is --log-level warn', async () => {
    expect((await choose(['--quiet'], { MILLRACE_LOG_LEVEL: 'debug' })).get('log-level')).toEqual({
      value: 'warn',
      source: 'flag',
    });
  });
});

describe('what is wrong with a file', () => {
  const told = async (content: unknown) => {
    const path = await fileOf(content);
    const error = await refused(['--config', path]);
    expect(error.code).toBe('ERR_CONFIG_INVALID');
    expect(error.message).toContain(path);
    return `${error.message}; ${error.expected}`;
  };

  it('is a key that there is not: the nearest is named, and all', async () => {
    for (const [key, meant] of [
      ['sesions-max', 'sessions-max'],
      ['sessionsMax', 'sessions-max'],
      ['MILLRACE_CREDIT_BYTES', 'credit-bytes'],
      ['--port', 'port'],
      ['log_level', 'log-level'],
      ['prot', 'port'],
    ] as const)
      expect(await told({ [key]: 1 })).toMatch(
        new RegExp(`no setting "${key}"; "${meant}", perhaps; one of host, port,`),
      );
    expect(await told({ 'something else': 's3cret' })).toMatch(/no setting "something else"; one of host/);
    expect(await told({ password: 's3cret' })).not.toContain('s3cret');
  });

  it('is a key that stands there twice, of which JSON would take the last', async () => {
    const twice = '{"warm": ["vad"], "port": 1, "w\\u0061rm": ["forecast"]}';
    expect(await told(twice)).toMatch(/"warm" stands there twice; each setting once/);
    const path = await fileOf('{"state-dir": "a \\"port\\": {", "origins": [], "port": 1}');
    expect((await choose(['--config', path])).get('port')?.value).toBe(1);
  });

  it('is a value of another type, or beyond its range', async () => {
    for (const [content, words] of [
      [{ port: '8080' }, '"port" cannot be "8080"; a whole number from 0 to 65535'],
      [{ port: 65_536 }, '"port" cannot be 65536; a whole number from 0 to 65535'],
      [{ workers: 0 }, '"workers" cannot be 0; a whole number from 1 to 256'],
      [{ workers: 1.5 }, '"workers" cannot be 1.5; a whole number from 1 to 256'],
      [{ 'sessions-max': 0 }, '"sessions-max" cannot be 0; a whole number from 1 on'],
      [{ 'idle-ms-max': 2 ** 31 }, '"idle-ms-max" cannot be 2147483648; a whole number from 1 to 2147483647'],
      [{ engine: 'fast' }, '"engine" cannot be "fast"; one of portable, relaxed, plain, onnx'],
      [{ 'trust-proxy': 'true' }, '"trust-proxy" cannot be "true"; true or false'],
      [{ origins: 'https://a.example' }, '"origins" cannot be "https://a.example"; a list of origins'],
      [{ origins: ['a.example'] }, '"origins" cannot be ["a.example"]; a list of origins'],
      [{ host: null }, '"host" cannot be null; a text that is not empty'],
      [{ host: '' }, '"host" cannot be ""; a text that is not empty'],
    ] as const)
      expect(await told(content)).toContain(words);
  });

  it('is a secret in place of the path to it, which is not repeated', async () => {
    const key = { keys: [{ kty: 'oct', k: 's3cret' }] };
    expect(await told({ 'jwt-keys': key })).toMatch(/"jwt-keys" cannot be an object; a path/);
    expect(await told({ tokens: ['acme s3cret'] })).toMatch(/"tokens" cannot be a list; a path/);
  });

  it('is that it is no JSON, or no object; nothing of it is quoted', async () => {
    const text = await told('{\n  "port": 8080,\n  "tokens": s3cret\n}');
    expect(text).toMatch(/is not JSON/);
    expect(text).not.toContain('s3cret');
    for (const content of [[], null, 'port', ''])
      expect(await told(content === 'port' ? '"port"' : content)).toMatch(/JSON/);
  });
});

describe('an address of keys', () => {
  const url = async (text: string) => (await choose(['--jwt-keys-url', text])).get('jwt-keys-url')?.value;

  it('is of https, or of this machine', async () => {
    for (const good of [
      'https://id.example/.well-known/jwks.json',
      'http://127.0.0.1:9000/keys',
      'http://localhost/keys',
      'http://[::1]:9/keys?tenant=a',
    ])
      expect(await url(good)).toBe(good);
    const path = await fileOf({ 'jwt-keys-url': 'https://id.example/keys' });
    expect((await choose(['--config', path])).get('jwt-keys-url')).toEqual({
      value: 'https://id.example/keys',
      source: 'file',
    });
  });

  it('is not told when it may hold a secret', async () => {
    const wrong = ['http://id.example/keys', 'https://me:s3cret@id.example/keys', 'file:///s3cret', 's3cret', ''];
    for (const text of wrong) {
      const { message, expected } = await refused(['--jwt-keys-url', text]);
      expect(message, text).toBe('--jwt-keys-url cannot be this address');
      expect(expected).toMatch(/https:/);
    }
    const path = await fileOf({ 'jwt-keys-url': 'http://s3cret.example' });
    for (const { message } of [
      await refused([], { MILLRACE_JWT_KEYS_URL: 'https://me:s3cret@id.example' }),
      await refused(['--config', path]),
    ])
      expect(message).toMatch(/cannot be this address/);
  });
});

describe('what is wrong elsewhere', () => {
  it('is told with the name of the flag or of the variable', async () => {
    const of = async (args: string[], environment: Environment = {}) => {
      const { code, message, expected } = await refused(args, environment);
      return `${code} ${message}; ${expected}`;
    };
    expect(await of(['--port', 'x'])).toBe('ERR_USAGE --port cannot be "x"; a whole number from 0 to 65535');
    expect(await of(['--port', ''])).toMatch('ERR_USAGE --port cannot be ""');
    expect(await of([], { MILLRACE_LISTEN_PORT: 'x' })).toMatch(
      'ERR_CONFIG_INVALID MILLRACE_LISTEN_PORT cannot be "x"',
    );
    expect(await of(['--limit', 'sessions-max=0'])).toMatch('ERR_USAGE --limit sessions-max cannot be "0"');
    expect(await of(['--limit', 'sesions-max=5'])).toMatch('; sessions-max=<number>, perhaps; <name>=<number>');
    expect(await of(['--limit', 'port=5'])).toMatch('ERR_USAGE --limit cannot be "port=5"');
    expect(await of([], { MILLRACE_CREDIT_BYTES: '1e400' })).toMatch('MILLRACE_CREDIT_BYTES cannot be "1e400"');
  });
});

describe('what is shown', () => {
  it('is every setting with its source, what is not set as null, and no secret', async () => {
    const path = await fileOf({ tokens: 'tokens.txt' });
    const flags = flagsOf('--config', path, '--port', '0', '--print-config');
    const environment = { MILLRACE_TOKENS: 'acme s3cret', MILLRACE_WORKERS: '2' };
    const shown = shownConfig(await chooseSettings(flags, environment), flags, environment);
    expect(shown).toMatchObject({
      config: { value: path, source: 'flag' },
      port: { value: 0, source: 'flag' },
      workers: { value: 2, source: 'env' },
      tokens: { value: join(folder, 'tokens.txt'), source: 'file' },
      'jwt-keys': { value: null, source: 'default' },
      'message-bytes-max': { value: 65_536, source: 'default' },
      MILLRACE_TOKENS: { value: '[redacted]', source: 'env' },
    });
    expect(JSON.stringify(shown)).not.toContain('s3cret');
    expect(shownConfig(await choose([]), flagsOf(), {})).not.toHaveProperty('MILLRACE_TOKENS');
  });

  it('says what each process counts for itself, and what that comes to', async () => {
    const flags = flagsOf('--workers', '4', '--limit', 'streams-per-key-max=25');
    const shown = shownConfig(await chooseSettings(flags, {}), flags, {}) as Record<string, object>;
    const counted = Object.entries(shown).filter(([, chosen]) => 'per' in chosen);
    expect(Object.fromEntries(counted)).toEqual({
      'sessions-max': { value: 1000, source: 'default', per: 'process', together: 4000 },
      'streams-per-key-max': { value: 25, source: 'flag', per: 'process', together: 100 },
      'streams-per-address-max': { value: 1000, source: 'default', per: 'process', together: 4000 },
      'handshakes-per-minute-max': { value: 3000, source: 'default', per: 'process', together: 12_000 },
    });
  });

  it('is what a worker has: it takes the settings it is handed, whatever the file says by then', async () => {
    const chosens = await choose(['--config', await fileOf({ port: 9 }), '--limit', 'sessions-max=3']);
    await fileOf({ port: 10 });
    const handed = { [WORKER_SETTINGS_VARIABLE]: JSON.stringify([...chosens]) };
    expect(serveConfig(await choose(['--config', join(folder, 'gone.json')], handed))).toEqual(serveConfig(chosens));
  });
});
