// docs/configuration.md against the code: every flag, variable, default, limit and metric, and its example of a file.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readConfigFile } from '../../src/app/config/config-file.ts';
import { resolveSettings } from '../../src/app/config/resolve.ts';
import {
  DEFAULT_SERVER_LIMITS,
  LIMIT_SETTINGS,
  limitName,
  limitsFromEnvironment,
  variableName,
} from '../../src/app/config.ts';
import { createMetrics } from '../../src/app/metrics/metrics.ts';
import { CONFIG_VARIABLE } from '../../src/app/serve/choose-settings.ts';
import { FLAG_SETTINGS, SERVE_SETTINGS } from '../../src/app/serve/settings.ts';

const DOCS = new URL('../../docs/configuration.md', import.meta.url);
const text = readFileSync(DOCS, 'utf8');

describe('configuration', () => {
  it('is documented limit by limit, with the true defaults', () => {
    const documented = [...text.matchAll(/^\| (MILLRACE_\w+) \| (\d+) \|/gm)];
    const inDocs = documented.map(([, name, value]) => [name, Number(value)]);
    expect(inDocs).toEqual(Object.entries(DEFAULT_SERVER_LIMITS).map(([limit, value]) => [variableName(limit), value]));
  });

  it('names every flag of serve with its variable and its default', () => {
    const rows = [...text.matchAll(/^\| `--([\w-]+)` \| (MILLRACE_\w+) \| ([^|]+) \|/gm)];
    expect(rows.map(([, name, variable]) => [name, variable])).toEqual(
      FLAG_SETTINGS.map(({ name, variable }) => [name, variable]),
    );
    for (const [index, { name, standard }] of FLAG_SETTINGS.entries())
      if (standard !== undefined) expect(rows[index]![3], name).toBe(String(standard));
    expect(text).toContain(CONFIG_VARIABLE);
  });

  it('has one name for a setting in all places, and no two settings of one name', () => {
    for (const { name, variable } of LIMIT_SETTINGS)
      expect(variable).toBe(`MILLRACE_${name.toUpperCase().replaceAll('-', '_')}`);
    for (const key of ['name', 'variable', 'flag'] as const)
      expect(new Set(SERVE_SETTINGS.map((setting) => setting[key])).size).toBe(SERVE_SETTINGS.length);
    // Those whose variable is not the name: the documentation says so of each.
    const others = FLAG_SETTINGS.filter(({ name, variable }) => variableName(name.replaceAll('-', '_')) !== variable);
    expect(others.map(({ name }) => name)).toEqual(['host', 'port', 'tokens']);
  });

  it('shows a file that is taken as it stands', async () => {
    const [, example] = /```json\n([\s\S]*?)```/.exec(text)!;
    const keys = Object.keys(JSON.parse(example!) as object);
    const { mkdtemp, rm, writeFile } = await import('node:fs/promises');
    const { tmpdir } = await import('node:os');
    const { join } = await import('node:path');
    const folder = await mkdtemp(join(tmpdir(), 'millrace-docs-'));
    try {
      await writeFile(join(folder, 'millrace.json'), example!);
      const file = await readConfigFile(join(folder, 'millrace.json'), SERVE_SETTINGS);
      const chosens = resolveSettings(SERVE_SETTINGS, { file });
      expect([...chosens].filter(([, { source }]) => source === 'file').map(([name]) => name)).toHaveLength(
        keys.length,
      );
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('takes whole numbers above 0 as limits and nothing else', () => {
    expect(limitsFromEnvironment({ MILLRACE_SESSIONS_MAX: '7', HOME: '/' })).toEqual({
      ...DEFAULT_SERVER_LIMITS,
      sessionsMax: 7,
    });
    for (const wrong of ['0', '-1', '1.5', 'many', ' '])
      expect(() => limitsFromEnvironment({ MILLRACE_SESSIONS_MAX: wrong })).toThrow(
        expect.objectContaining({ code: 'ERR_CONFIG_INVALID' }),
      );
    expect(limitName('sessionsMax')).toBe('sessions-max');
  });

  it('names every metric of our own', async () => {
    const metrics = createMetrics();
    metrics.meter({
      ...{ session: 'a', stream: 'b', tenant: '', pipeline: 'vad', stateBytes: 1 },
      ...{ resumable: false, recovered: false, offset: 0, seq: 0 },
    });
    const ours = [...(await metrics.text()).matchAll(/^# TYPE (millrace_\w+)/gm)].map(([, name]) => name);
    const shown = new Set([...text.matchAll(/\bmillrace_\w+/g)].map(([name]) => name));
    expect([...shown].sort()).toEqual(ours.sort());
  });
});
