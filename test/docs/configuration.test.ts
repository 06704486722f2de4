import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DEFAULT_SERVER_LIMITS, limitsFromEnvironment, variableName } from '../../src/app/config.ts';
import { createMetrics } from '../../src/app/metrics/metrics.ts';
import { SERVE_FLAGS } from '../../src/app/serve/flags.ts';

const text = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8');
const documented = [...text.matchAll(/^\| (MILLRACE_\w+) \| (\d+) \|/gm)];

describe('configuration', () => {
  it('is documented variable by variable, with the true defaults', () => {
    const inDocs = documented.map(([, name, value]) => [name, Number(value)]);
    expect(inDocs).toEqual(Object.entries(DEFAULT_SERVER_LIMITS).map(([limit, value]) => [variableName(limit), value]));
  });
  it('takes whole numbers above 0 and nothing else', () => {
    expect(limitsFromEnvironment({ MILLRACE_SESSIONS_MAX: '7', HOME: '/' })).toEqual({
      ...DEFAULT_SERVER_LIMITS,
      sessionsMax: 7,
    });
    for (const text of ['0', '-1', '1.5', 'many']) {
      expect(() => limitsFromEnvironment({ MILLRACE_SESSIONS_MAX: text })).toThrow(
        expect.objectContaining({ code: 'ERR_CONFIG_INVALID' }),
      );
    }
  });
  it('names every flag of serve with its variable and its default', () => {
    const rows = [...text.matchAll(/^\| `(--[\w-]+)` \| (MILLRACE_\w+) \| ([^|]+) \|/gm)];
    const inDocs = rows.map(([, flag, variable]) => [flag, variable]);
    expect(inDocs).toEqual(SERVE_FLAGS.map(([flags, variable]) => [flags.split(' ')[0], variable]));
    for (const [index, [flags, , , standard]] of SERVE_FLAGS.entries())
      if (standard !== undefined) expect(rows[index]![3], flags).toBe(standard);
  });
  it('lets a flag win over its variable, and knows its limits', () => {
    const limits = limitsFromEnvironment({ MILLRACE_SESSIONS_MAX: '7' }, ['sessions-max=9', 'handshake-ms-max=500']);
    expect(limits).toMatchObject({ sessionsMax: 9, handshakeMsMax: 500 });
    for (const [pair, code] of [
      ['sessions-max=0', 'ERR_CONFIG_INVALID'],
      ['sessions-max=', 'ERR_CONFIG_INVALID'],
      ['sessions-max', 'ERR_USAGE'],
      ['sessions=4', 'ERR_USAGE'],
    ] as const)
      expect(() => limitsFromEnvironment({}, [pair])).toThrow(expect.objectContaining({ code }));
  });
  it('names every metric of our own', async () => {
    const metrics = createMetrics();
    metrics.meter('vad', 1);
    const ours = [...(await metrics.text()).matchAll(/^# TYPE (millrace_\w+)/gm)].map(([, name]) => name);
    const shown = new Set([...text.matchAll(/\bmillrace_\w+/g)].map(([name]) => name));
    expect([...shown].sort()).toEqual(ours.sort());
  });
});
