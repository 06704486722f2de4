// The flags of `serve` that can also be environment variables, as one list: the command is made of it and docs/configuration.md
// is compared with it. No variable is named MILLRACE_PORT or MILLRACE_HOST: Kubernetes sets the former for a service of that
// name, to something else.

import { Option } from 'commander';
import { ENGINE_HELP, ENGINE_NAMES } from '../open-engine.ts';
import type { StatesFlags } from '../open-states.ts';
import { LOG_LEVELS } from './log.ts';
import type { GuardFlags } from './open-guard.ts';
import type { TlsFlags } from './tls.ts';

export interface ServeFlags extends StatesFlags, GuardFlags, TlsFlags {
  readonly host: string;
  readonly port: string;
  readonly workers: string;
  readonly engine: string;
  readonly warm?: string;
  readonly metricsPort?: string;
  readonly metricsHost: string;
  readonly logLevel: string;
  readonly limit: readonly string[];
  readonly quiet?: boolean;
}

/** Flag, variable, help, default. */
export const SERVE_FLAGS: readonly (readonly [string, string, string, string?])[] = [
  ['--host <host>', 'MILLRACE_LISTEN_HOST', 'address to listen on', '127.0.0.1'],
  ['--port <port>', 'MILLRACE_LISTEN_PORT', 'port, 0 for a free one', '8080'],
  ['--workers <n>', 'MILLRACE_WORKERS', 'processes that share the port: one a core', '1'],
  ['--engine <name>', 'MILLRACE_ENGINE', ENGINE_HELP, ENGINE_NAMES[0]],
  ['--warm <names>', 'MILLRACE_WARM', 'pipelines, with commas, that are opened before /readyz says ready'],
  [
    '--state-dir <folder>',
    'MILLRACE_STATE_DIR',
    'keep resumable streams here, over restarts; workers share it (default: in memory)',
  ],
  [
    '--seal-keys <file>',
    'MILLRACE_SEAL_KEYS',
    'keys for states that clients carry: 64 hexadecimal digits a line, the first seals',
  ],
  ['--tokens <file>', 'MILLRACE_TOKENS_FILE', 'who gets in: `<tenant> <token>` a line'],
  ['--jwt-keys <file>', 'MILLRACE_JWT_KEYS', 'who gets in: JWTs signed with a key of this JWKS, or with this secret'],
  ['--jwt-audience <name>', 'MILLRACE_JWT_AUDIENCE', 'the `aud` that a JWT must have'],
  ['--jwt-issuer <name>', 'MILLRACE_JWT_ISSUER', 'the `iss` that a JWT must have (default: any)'],
  ['--jwt-tenant-claim <name>', 'MILLRACE_JWT_TENANT_CLAIM', 'the claim of a JWT that says the tenant', 'tenant'],
  ['--origins <list>', 'MILLRACE_ORIGINS', 'origins, with commas, whose pages may connect (default: any)'],
  ['--trust-proxy', 'MILLRACE_TRUST_PROXY', 'the last address of X-Forwarded-For is the client'],
  ['--tls-cert <file>', 'MILLRACE_TLS_CERT', 'certificate chain (PEM); SIGHUP reads it again'],
  ['--tls-key <file>', 'MILLRACE_TLS_KEY', 'its key (PEM)'],
  ['--metrics-port <port>', 'MILLRACE_METRICS_PORT', 'GET /metrics on this port; a worker adds its number'],
  ['--metrics-host <host>', 'MILLRACE_METRICS_HOST', 'address for it', '127.0.0.1'],
  ['--log-level <level>', 'MILLRACE_LOG_LEVEL', `lines of JSON on stderr: ${LOG_LEVELS.join(', ')}`, 'info'],
];

/** An empty variable is one that is not set. */
export function serveOptions(environment: Record<string, string | undefined>): Option[] {
  return SERVE_FLAGS.map(([flags, variable, help, standard]) => {
    if (environment[variable] === '') delete environment[variable];
    const option = new Option(flags, help).env(variable);
    return standard === undefined ? option : option.default(standard);
  });
}
