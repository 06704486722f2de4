// docs/operations against a real server: every series and label that the dashboard and the alerts ask for is one that /metrics
// has, and every metric of ours is in the dashboard. Whether the queries are valid was tried with Prometheus itself.

import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningServer, startServer } from '../../src/app/commands/serve.ts';
import { ERROR_CODES } from '../../src/base/errors.ts';
import { openRaw } from '../server/test-server.ts';

const read = (name: string): string => readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8');
const text = read('operations.md');

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string }[];
}
const dashboard = JSON.parse(read('operations/grafana.json')) as {
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly definition?: string }[] };
};
const panels = dashboard.panels.filter(({ type }) => type !== 'row');
const inPanels = panels.flatMap(({ targets }) => targets!.map(({ expr }) => expr));
const inVariables = dashboard.templating.list.flatMap(({ definition }) => definition ?? []);
const inAlerts = [...read('operations/alerts.yml').matchAll(/^ +expr: (.+)$/gm)].map(([, expr]) => expr!);

/** Series and the labels they have, as a scraper sees them. */
const series = new Map<string, Set<string>>();
let server: RunningServer;

beforeAll(async () => {
  const metrics = { host: '127.0.0.1', port: 0 };
  server = await startServer({
    host: '127.0.0.1',
    port: 0,
    metrics,
    warm: [],
    guard: { origins: ['https://a.example'] },
  });
  const url = `ws://127.0.0.1:${server.port}/v1/stream`;
  const client = await openRaw(url);
  client.send({ type: 'start', v: 1, pipeline: 'anomaly', format: { encoding: 'csv', fields: ['a'] } });
  await client.next('ready');
  client.send({ type: 'gap', from: 0, to: 10, why: 'client' });
  client.send({ type: 'close' });
  await client.closed;
  await fetch(url.replace('ws:', 'http:').replace('stream', 'tickets'), {
    method: 'POST',
    headers: { origin: 'null' },
  });
  const scraped = await (await fetch(`http://127.0.0.1:${server.metricsPort}/metrics`)).text();
  for (const [, name, labels = ''] of scraped.matchAll(/^(\w+)(?:\{(.*)\})? \S+$/gm)) {
    const known = series.get(name!) ?? new Set(['instance', 'job']); // a scraper adds these
    for (const [, label] of labels.matchAll(/(\w+)="/g)) known.add(label!);
    series.set(name!, known);
  }
});
afterAll(() => server.close());

/** `[name, labels that its selector names]` of each series in a query. */
function asked(expr: string): [string, string[]][] {
  return [...expr.matchAll(/\b((?:millrace|nodejs|process)_\w+)(?:\{([^}]*)\})?/g)].map(([, name, selector = '']) => [
    name!,
    [...selector.matchAll(/(\w+)\s*=~?"/g)].map(([, label]) => label!),
  ]);
}

describe('the dashboard and the alerts', () => {
  it('ask for series and labels that there are', () => {
    expect(inPanels.length).toBeGreaterThan(20);
    expect(inAlerts.length).toBeGreaterThan(8);
    for (const expr of [...inPanels, ...inVariables, ...inAlerts]) {
      const found = asked(expr);
      if (!expr.startsWith('up{')) expect(found.length, expr).toBeGreaterThan(0);
      const grouped = [...expr.matchAll(/by \(([^)]*)\)/g)].flatMap(([, labels]) => labels!.split(/,\s*/));
      for (const [name, labels] of found) {
        expect(series.has(name), `${name} in ${expr}`).toBe(true);
        for (const label of [...labels, ...grouped]) expect(series.get(name), `${label} in ${expr}`).toContain(label);
      }
    }
  });

  it('leave out no metric of ours, and no cause or code is made up', () => {
    const ours = [...series.keys()].filter((name) => name.startsWith('millrace_'));
    expect(ours.length).toBeGreaterThan(8);
    const shown = new Set(inPanels.flatMap(asked).map(([name]) => name));
    for (const name of ours) expect(shown, name).toContain(name);
    const text = [...inPanels, ...inAlerts].join('\n');
    for (const [, codes] of text.matchAll(/code=~?"([^"]+)"/g))
      for (const code of codes!.split('|')) expect(ERROR_CODES).toHaveProperty(code);
    for (const [, why] of text.matchAll(/why="(\w+)"/g))
      expect(['client', 'lost', 'late', 'shed', 'fault']).toContain(why);
  });

  it('have panels of their own place, each with its title and what it means', () => {
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
    const taken = new Set<string>();
    for (const { title, type, description = '', gridPos } of dashboard.panels) {
      if (type !== 'row') expect(description.length, title).toBeGreaterThan(10);
      expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++)
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect(taken.has(`${x} ${y}`), title).toBe(false);
          taken.add(`${x} ${y}`);
        }
    }
  });

  it('are explained: every alert, and what else the text names', () => {
    const alerts = [...read('operations/alerts.yml').matchAll(/alert: (\w+)/g)].map(([, name]) => name!);
    expect(alerts).toHaveLength(inAlerts.length);
    for (const alert of alerts) expect(text).toContain(`| ${alert} |`);
    for (const [name] of text.matchAll(/\bmillrace_\w+/g)) expect([...series.keys()]).toContain(name);
    for (const [code] of text.matchAll(/ERR_\w+/g)) expect(ERROR_CODES).toHaveProperty(code);
  });
});
