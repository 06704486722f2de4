// Reads the import graph of the sources as text: enough for `import`/`export ... from` and `import(...)` in files that
// Biome formats. Type imports count, because a cycle of types is still a cycle for the reader.

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

export interface SourceFile {
  /** Relative to the repository root, with forward slashes. */
  readonly path: string;
  readonly lines: number;
  /** Files of this repository that it imports. */
  readonly files: readonly string[];
  /** Packages and node: builtins that it imports. */
  readonly packages: readonly string[];
}

export function readSources(folders: readonly string[]): SourceFile[] {
  return folders
    .flatMap((folder) =>
      readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((p) => join(folder, p)),
    )
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts') && !path.endsWith('.d.ts'))
    .map((path) => readSource(path.replaceAll('\\', '/')));
}

function readSource(path: string): SourceFile {
  const text = readFileSync(join(ROOT, path), 'utf8');
  // A leading letter, dot or @ keeps template strings and prose out; comments are stripped first.
  const code = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
  const specifiers = [...code.matchAll(/(?:\bfrom\s+|\bimport\s*\(\s*|^import\s+)'([^']+)'/gm)].map(
    (match) => match[1]!,
  );
  const own = specifiers.filter((s) => s.startsWith('.'));
  return {
    path,
    lines: text.split('\n').length - 1,
    files: own.map((s) => relative(ROOT, resolve(ROOT, dirname(path), s)).replaceAll('\\', '/')),
    packages: specifiers.filter((s) => !s.startsWith('.')).map(packageName),
  };
}

function packageName(specifier: string): string {
  if (specifier.startsWith('node:')) return specifier;
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/** Uses of Math functions whose last bit differs between engines, as `file:line`. Tests and app/ may use them. */
export function platformMath(paths: readonly string[]): string[] {
  const banned =
    /\bMath\.(exp|expm1|log|log1p|log2|log10|sin|cos|tan|tanh|sinh|cosh|asin|acos|atan|atan2|pow|cbrt|hypot)\b|[\w)\]]\s\*\*\s[\w(]/;
  return paths.flatMap((path) =>
    readFileSync(join(ROOT, path), 'utf8')
      .split('\n')
      .map((line, index) => ({ line, at: `${path}:${index + 1}` }))
      .filter(({ line }) => !/^\s*(\/\/|\*|\/\*)/.test(line) && banned.test(line))
      .map(({ at }) => at),
  );
}
