import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { limitsFromEnvironment, variableName } from '../../src/app/config.ts';
import { DEFAULT_LIMITS } from '../../src/transport/limits.ts';

const documented = [
  ...readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8').matchAll(
    /^\| (MILLRACE_\w+) \| (\d+) \|/gm,
  ),
];

describe('configuration', () => {
  it('is documented variable by variable, with the true defaults', () => {
    const inDocs = documented.map(([, name, value]) => [name, Number(value)]);
    expect(inDocs).toEqual(Object.entries(DEFAULT_LIMITS).map(([limit, value]) => [variableName(limit), value]));
  });
  it('takes whole numbers above 0 and nothing else', () => {
    expect(limitsFromEnvironment({ MILLRACE_SESSIONS_MAX: '7', HOME: '/' })).toEqual({
      ...DEFAULT_LIMITS,
      sessionsMax: 7,
    });
    for (const text of ['0', '-1', '1.5', 'many']) {
      expect(() => limitsFromEnvironment({ MILLRACE_SESSIONS_MAX: text })).toThrow(
        expect.objectContaining({ code: 'ERR_CONFIG_INVALID' }),
      );
    }
  });
});
