// The house rules, as a test: data flows down the floors, siblings do not know each other, every package has its place.

import { describe, expect, it } from 'vitest';
import { platformMath, readSources, type SourceFile } from './imports.ts';

const FLOORS: Record<string, number> = {
  base: 0,
  kernel: 1,
  item: 1,
  weights: 1,
  store: 1,
  cell: 2,
  wire: 2,
  operator: 3,
  model: 3,
  pipeline: 4,
  session: 5,
  transport: 6,
  client: 6,
  app: 7,
  index: 8,
};
/** Floors whose folders are units that must not see each other. */
const UNIT_FLOORS = new Set(['cell', 'operator', 'transport']);
/** package -> the path prefixes that may import it. Everything not listed may be imported nowhere in src. */
const PACKAGES: Record<string, readonly string[]> = {
  rxjs: ['src/operator/', 'src/pipeline/', 'src/session/', 'src/transport/', 'pipelines/'],
  ws: ['src/transport/ws/', 'src/client/socket.ts'],
  'node-web-audio-api': ['src/transport/audio/'],
  'onnxruntime-node': ['src/cell/onnx/', 'src/app/bench/peers/'],
  '@echogarden/rnnoise-wasm': ['src/app/bench/peers/'],
  protobufjs: ['src/wire/'],
  'csv-parse': ['src/wire/'],
  cborg: ['src/wire/formats/senml/'],
  '@noble/hashes': ['src/session/digest.ts', 'src/weights/'],
  mqtt: ['src/transport/mqtt/'],
  jose: ['src/transport/guard/'],
  pino: ['src/app/'],
  'prom-client': ['src/app/metrics/'],
  '@opentelemetry/api': ['src/app/traces/'],
  vega: ['src/app/picture/'],
  commander: ['src/app/'],
};
/** node: builtins only where the outside world is met; floors 0-3 otherwise run in a browser. */
const NODE_ALLOWED = [
  'src/weights/open-model.ts',
  'src/pipeline/load-pipelines.ts',
  'src/store/',
  'src/transport/',
  'src/app/',
  'src/cell/onnx/',
];

const sources = readSources(['src', 'pipelines']);
const areaOf = (path: string) =>
  path.startsWith('pipelines/') ? 'pipelines' : path.split('/')[1]!.replace(/\.ts$/, '');
const floorOf = (path: string) => (areaOf(path) === 'pipelines' ? 4.5 : (FLOORS[areaOf(path)] ?? Number.NaN));
const unitOf = (path: string) =>
  UNIT_FLOORS.has(areaOf(path)) && path.split('/').length > 3 ? path.split('/').slice(0, 3).join('/') : areaOf(path);
const each = (check: (source: SourceFile) => string[]) => sources.flatMap(check);

describe('the house', () => {
  it('has a floor for every file', () => {
    expect(sources.filter(({ path }) => Number.isNaN(floorOf(path))).map(({ path }) => path)).toEqual([]);
    expect(sources.length).toBeGreaterThan(20);
  });

  it('only imports from its own folder and from lower floors', () => {
    const wrong = each(({ path, files }) =>
      files.filter((target) => floorOf(target) > floorOf(path)).map((target) => `${path} looks up at ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  it('keeps siblings apart: a cell, an operator, a transport knows only what its whole floor shares', () => {
    const wrong = each(({ path, files }) =>
      files
        .filter(
          (target) =>
            floorOf(target) === floorOf(path) && unitOf(target) !== unitOf(path) && unitOf(target) !== areaOf(path),
        )
        .map((target) => `${path} looks sideways at ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  it('lets pipelines see floors 0 to 4 only, and the client base, item and wire only', () => {
    const clientSees = new Set(['base', 'item', 'wire', 'client']);
    const wrong = each(({ path, files }) =>
      files
        .filter(
          (target) =>
            (areaOf(path) === 'client' && !clientSees.has(areaOf(target))) ||
            (areaOf(target) === 'pipelines' && areaOf(path) !== 'pipelines'),
        )
        .map((target) => `${path} may not see ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  it('has no import cycle', () => {
    const graph = new Map(sources.map(({ path, files }) => [path, files]));
    const done = new Set<string>();
    const findCycle = (path: string, trail: readonly string[]): string[] => {
      if (trail.includes(path)) return [[...trail.slice(trail.indexOf(path)), path].join(' -> ')];
      if (done.has(path)) return [];
      const found = (graph.get(path) ?? []).flatMap((next) => findCycle(next, [...trail, path]));
      done.add(path);
      return found;
    };
    expect(sources.flatMap(({ path }) => findCycle(path, []))).toEqual([]);
  });

  it('keeps every package in its one place', () => {
    const wrong = each(({ path, packages }) =>
      packages
        .filter(
          (name) =>
            !(name.startsWith('node:') ? NODE_ALLOWED : (PACKAGES[name] ?? [])).some((prefix) =>
              path.startsWith(prefix),
            ),
        )
        .map((name) => `${path} imports ${name}`),
    );
    expect(wrong).toEqual([]);
  });

  it('has no file over 300 lines', () => {
    const generated = ['src/wire/stream-descriptor.ts', 'src/wire/onnx-descriptor.ts'];
    const tests = readSources(['test']);
    expect(
      [...sources, ...tests]
        .filter(({ path, lines }) => lines > 300 && !generated.includes(path))
        .map(({ path, lines }) => `${path} ${lines}`),
    ).toEqual([]);
  });

  it('uses no platform-dependent arithmetic where bits matter', () => {
    const exact = sources.map(({ path }) => path).filter((path) => !path.startsWith('src/app/'));
    expect(platformMath(exact)).toEqual([]);
  });
});
