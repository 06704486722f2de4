// Finds pipelines by their file name: `vad` is pipelines/vad.ts. There is no registry to edit; a path to a file of your
// own works as well, so a pipeline can live in another project.

import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { engineError } from '../base/errors.ts';
import type { Pipeline } from './define-pipeline.ts';

const IS_MODULE = /\.(js|mjs|ts)$/;
const IS_OTHER = /\.(test|d)\.(js|ts)$/;

/** Names of the pipelines in `folder`, sorted. */
export async function listPipelines(folder: string): Promise<string[]> {
  const files = await readdir(folder);
  return files
    .filter((file) => IS_MODULE.test(file) && !IS_OTHER.test(file))
    .map((file) => file.replace(IS_MODULE, ''))
    .sort();
}

/**
 * The pipeline called `name` in `folder`. Names only: what a network client sends never becomes a path.
 * @throws ERR_PIPELINE_UNKNOWN with the names there are
 */
export async function loadNamedPipeline(name: string, folder: string): Promise<Pipeline> {
  const files = (await readdir(folder)).filter((file) => IS_MODULE.test(file) && !IS_OTHER.test(file));
  const file = files.find((candidate) => candidate.replace(IS_MODULE, '') === name);
  if (!file) {
    const names = files.map((candidate) => candidate.replace(IS_MODULE, '')).sort();
    throw engineError('ERR_PIPELINE_UNKNOWN', `there is no pipeline "${name}"`, {
      expected: `one of: ${names.join(', ')}`,
    });
  }
  return importPipeline(join(folder, file));
}

/** The default export of the module at `path`: somebody's own pipeline file. For the command line only. */
export async function loadPipelineFile(path: string): Promise<Pipeline> {
  const file = resolve(path);
  if (!(await stat(file).catch(() => undefined))?.isFile()) {
    throw engineError('ERR_FILE_NOT_FOUND', `there is no pipeline file ${path}`, {
      expected: 'a path to a .js or .ts module',
    });
  }
  return importPipeline(file);
}

async function importPipeline(file: string): Promise<Pipeline> {
  const module = (await import(pathToFileURL(file).href)) as { default?: Pipeline };
  if (typeof module.default?.stages === 'function') return module.default;
  throw engineError('ERR_PIPELINE_UNKNOWN', `${file} exports no pipeline`, {
    expected: 'a module whose default export comes from definePipeline({...})',
  });
}
