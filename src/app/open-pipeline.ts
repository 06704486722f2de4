// Opens pipelines with their models, once per name and option set: parameters are shared by all streams of the process.

import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { engineError } from '../base/errors.ts';
import { type LoadedPipeline, loadPipeline } from '../pipeline/connect.ts';
import type { Engine } from '../pipeline/engine.ts';
import { loadNamedPipeline, loadPipelineFile } from '../pipeline/load-pipelines.ts';
import type { Model } from '../weights/tensor.ts';
import { MODELS, PIPELINES } from './paths.ts';

export type OpenPipeline = (name: string, options: Readonly<Record<string, unknown>>) => Promise<LoadedPipeline>;

const models = new Map<string, Promise<Model>>();

/** A model of the package by its folder name, read once. */
export function openPackagedModel(name: string): Promise<Model> {
  let model = models.get(name);
  if (!model) {
    // Forecasts need none.
    model = import('../weights/open-model.ts').then(({ openModel }) => openModel(join(MODELS, name)));
    models.set(name, model);
  }
  return model;
}

/** For network clients: names only, results cached. The cache is bounded because options are finite choices of a client. */
export function createOpenPipeline(engine?: Engine, entriesMax = 64): OpenPipeline {
  const loaded = new Map<string, Promise<LoadedPipeline>>();
  return (name, options) => {
    const key = JSON.stringify([name, Object.entries(options).sort()]);
    let entry = loaded.get(key);
    if (!entry) {
      entry = loadNamedPipeline(name, PIPELINES)
        .then((pipeline) => loadPipeline(pipeline, options, openPackagedModel, engine))
        .then(async (pipeline) => (await import('./warm-up.ts')).warmUp(pipeline));
      entry.catch(() => loaded.delete(key));
      if (loaded.size >= entriesMax) loaded.delete(loaded.keys().next().value!);
      loaded.set(key, entry);
    }
    return entry;
  };
}

/** For the command line: a name, a path to a pipeline module of one's own, or words that were enrolled (.json). */
export async function openPipelineOrFile(
  name: string,
  options: Readonly<Record<string, unknown>>,
  engine?: Engine,
): Promise<LoadedPipeline> {
  if (name.endsWith('.json')) return openEnrolled(name, options, engine);
  const isFile = /\.(js|mjs|ts)$/.test(name);
  const pipeline = isFile ? await loadPipelineFile(name) : await loadNamedPipeline(name, PIPELINES);
  return loadPipeline(pipeline, options, openPackagedModel, engine);
}

/** `keyword` with the words of a file that `millrace enrol` wrote: these alone, unless the options say otherwise. */
async function openEnrolled(
  file: string,
  options: Readonly<Record<string, unknown>>,
  engine?: Engine,
): Promise<LoadedPipeline> {
  const words = await readEnrolledFile(file);
  const { readEnrolled } = await import('../operator/match-words/index.ts');
  const { cell } = readEnrolled(words);
  const open = (name: string): Promise<Model> =>
    name === 'enrolled' ? Promise.resolve(words) : openPackagedModel(name);
  const pipeline = await loadNamedPipeline('keyword', PIPELINES);
  return loadPipeline(pipeline, { cell, enrolled: 'only', ...options }, open, engine);
}

/** @throws ERR_FILE_NOT_FOUND, ERR_CONFIG_INVALID */
export async function readEnrolledFile(file: string): Promise<Model> {
  const config = await readFile(file).catch((cause: unknown) => {
    throw engineError('ERR_FILE_NOT_FOUND', `cannot read ${file}`, {
      expected: 'a file that millrace enrol wrote',
      cause,
    });
  });
  const { modelFromBytes } = await import('../weights/model-from-bytes.ts');
  return modelFromBytes({ name: basename(file), config });
}
