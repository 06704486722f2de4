// Names that are nearly ones of ours: of settings, and of variables that nobody reads.

import { describe, expect, it } from 'vitest';
import { misspelt } from '../serve/choose-settings.ts';
import { nearest } from './nearest.ts';

describe('nearest', () => {
  it('is a name that few changes lead to, or none', () => {
    const names = ['port', 'metrics-port', 'host'];
    for (const [meant, name] of [
      ['prot', 'port'],
      ['hst', 'host'],
      ['metrics-prt', 'metrics-port'],
      ['metricsPort', 'metrics-port'],
      ['zebra', undefined],
      ['', undefined],
    ])
      expect(nearest(meant!, names)).toBe(name);
  });
});

describe('variables that mean nothing', () => {
  it('are told when they are nearly one of ours, and not when a platform put them there', () => {
    expect(
      misspelt({
        MILLRACE_SESSION_MAX: '5',
        MILLRACE_PORT: '8080',
        MILLRACE_TOKENS: 'acme s3cret',
        MILLRACE_TOKENS_FILE: 'x',
        MILLRACE_CONFIG: 'x',
        MILLRACE_WORKERS: '2',
        MILLRACE_INFLUX_TOKEN: 'y',
        SESSION_MAX: '5',
      }),
    ).toEqual([
      { variable: 'MILLRACE_SESSION_MAX', nearest: 'MILLRACE_SESSIONS_MAX' },
      { variable: 'MILLRACE_PORT', nearest: 'MILLRACE_LISTEN_PORT' },
    ]);
    const kubernetes = {
      MILLRACE_PORT: 'tcp://10.0.0.1:8080',
      MILLRACE_SERVICE_HOST: '10.0.0.1',
      MILLRACE_SERVICE_PORT: '8080',
      MILLRACE_PORT_8080_TCP: 'tcp://10.0.0.1:8080',
      MILLRACE_PORT_8080_TCP_ADDR: '10.0.0.1',
      MILLRACE_PORT_8080_TCP_PROTO: 'tcp',
    };
    expect(misspelt(kubernetes)).toEqual([]);
  });
});
