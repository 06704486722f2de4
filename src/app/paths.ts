// Where the package keeps its things, whether it runs from src/ or from dist/src/.

import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
}

export const ROOT = packageRoot();
export const MODELS = join(ROOT, 'models');
export const ASSETS = join(ROOT, 'assets');
/** Compiled pipelines beside compiled sources, else the TypeScript ones (tests). */
export const PIPELINES = import.meta.url.endsWith('.ts') ? join(ROOT, 'pipelines') : join(ROOT, 'dist', 'pipelines');
