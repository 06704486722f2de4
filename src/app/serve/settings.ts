// All that can be set of a server, as one list: the command's flags, the variables, the keys of its file and what is refused
// are made of it, and docs/configuration.md is compared with it. No variable is named MILLRACE_PORT or MILLRACE_HOST: Kubernetes
// sets the former for a service of that name, to something else.

import type { Setting, SettingType, Value } from '../config/setting.ts';
import { LIMIT_SETTINGS, PORT_MAX, type ServerLimits } from '../config.ts';
import { ENGINE_HELP, ENGINE_NAMES } from '../open-engine.ts';
import type { StatesFlags } from '../open-states.ts';
import { checkKeysAddress, KEYS_ADDRESS } from './jwt-keys.ts';
import { LOG_LEVELS } from './log.ts';
import { checkOrigin, type GuardFlags } from './open-guard.ts';
import type { TlsFlags } from './tls.ts';

/** What the list below comes to: its names, as JavaScript spells them. */
export interface ServeConfig extends StatesFlags, GuardFlags, TlsFlags {
  readonly host: string;
  readonly port: number;
  readonly workers: number;
  readonly engine: string;
  readonly warm: readonly string[];
  readonly metricsPort?: number;
  readonly metricsHost: string;
  readonly logLevel: string;
  readonly limits: ServerLimits;
}

const WORKERS_MAX = 256;

const text: SettingType = { kind: 'text' };
const path: SettingType = { kind: 'path' };
const port: SettingType = { kind: 'whole', min: 0, max: PORT_MAX };
const choice = (values: readonly string[]): SettingType => ({ kind: 'choice', values });
const list = (of: string, each = (item: string): string | undefined => item || undefined): SettingType => ({
  kind: 'list',
  of,
  each,
});

type Row = readonly [flag: string, variable: string, type: SettingType, help: string, standard?: Value];

const ROWS: readonly Row[] = [
  ['--host <host>', 'MILLRACE_LISTEN_HOST', text, 'address to listen on', '127.0.0.1'],
  ['--port <port>', 'MILLRACE_LISTEN_PORT', port, 'port, 0 for a free one', 8080],
  [
    '--workers <n>',
    'MILLRACE_WORKERS',
    { kind: 'whole', min: 1, max: WORKERS_MAX },
    'processes that share the port: one a core',
    1,
  ],
  ['--engine <name>', 'MILLRACE_ENGINE', choice(ENGINE_NAMES), ENGINE_HELP, ENGINE_NAMES[0]],
  [
    '--warm <names>',
    'MILLRACE_WARM',
    list('names of pipelines, or all, or none'),
    'pipelines, with commas or one flag each, that are opened and run in before /readyz says ready; all, none',
    ['all'],
  ],
  [
    '--state-dir <folder>',
    'MILLRACE_STATE_DIR',
    path,
    'keep resumable streams here, over restarts; workers share it (default: in memory)',
  ],
  [
    '--seal-keys <file>',
    'MILLRACE_SEAL_KEYS',
    path,
    'keys for states that clients carry: 64 hexadecimal digits a line, the first seals',
  ],
  ['--tokens <file>', 'MILLRACE_TOKENS_FILE', path, 'who gets in: `<tenant> <token>` a line'],
  [
    '--jwt-keys <file>',
    'MILLRACE_JWT_KEYS',
    path,
    'who gets in: JWTs signed with a key of this JWKS, or with this secret',
  ],
  [
    '--jwt-keys-url <url>',
    'MILLRACE_JWT_KEYS_URL',
    { kind: 'address', of: KEYS_ADDRESS, canonical: checkKeysAddress },
    'the same with a JWKS from a server of keys: https, or http of this machine',
  ],
  ['--jwt-audience <name>', 'MILLRACE_JWT_AUDIENCE', text, 'the `aud` that a JWT must have'],
  ['--jwt-issuer <name>', 'MILLRACE_JWT_ISSUER', text, 'the `iss` that a JWT must have (default: any)'],
  ['--jwt-tenant-claim <name>', 'MILLRACE_JWT_TENANT_CLAIM', text, 'the claim of a JWT that says the tenant', 'tenant'],
  [
    '--jwt-expired <what>',
    'MILLRACE_JWT_EXPIRED',
    choice(['close', 'keep']),
    'what becomes of a stream whose JWT expires: close, keep',
    'close',
  ],
  [
    '--origins <list>',
    'MILLRACE_ORIGINS',
    list('origins as browsers send them, such as https://example.org', checkOrigin),
    'origins, with commas or one flag each, whose pages may connect (default: any)',
  ],
  [
    '--trust-proxy [true|false]',
    'MILLRACE_TRUST_PROXY',
    { kind: 'switch' },
    'the last address of X-Forwarded-For is the client',
    false,
  ],
  ['--tls-cert <file>', 'MILLRACE_TLS_CERT', path, 'certificate chain (PEM); SIGHUP reads it again'],
  ['--tls-key <file>', 'MILLRACE_TLS_KEY', path, 'its key (PEM)'],
  ['--metrics-port <port>', 'MILLRACE_METRICS_PORT', port, 'GET /metrics on this port; a worker adds its number'],
  ['--metrics-host <host>', 'MILLRACE_METRICS_HOST', text, 'address for it', '127.0.0.1'],
  [
    '--log-level <level>',
    'MILLRACE_LOG_LEVEL',
    choice(LOG_LEVELS),
    `lines of JSON on stderr: ${LOG_LEVELS.join(', ')}`,
    'info',
  ],
];

export const FLAG_SETTINGS: readonly Setting[] = ROWS.map(([flag, variable, type, help, standard]) => {
  const name = flag.split(' ')[0]!.replace('--', '');
  return { name, flag, variable, type, help, standard };
});

export const SERVE_SETTINGS: readonly Setting[] = [...FLAG_SETTINGS, ...LIMIT_SETTINGS];
