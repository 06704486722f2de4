// What this package ships, found rather than listed: every folder of models/, and which pipeline runs it with which choice
// of its option `cell`. A model or a pipeline that is added is measured by being there.

import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { EngineError } from '../../base/errors.ts';
import { type LoadedPipeline, loadPipeline } from '../../pipeline/connect.ts';
import type { Engine } from '../../pipeline/engine.ts';
import { listPipelines, loadNamedPipeline } from '../../pipeline/load-pipelines.ts';
import { openPackagedModel } from '../open-pipeline.ts';
import { MODELS, PIPELINES } from '../paths.ts';

/** Folder names of models/, sorted. */
export async function shippedModels(): Promise<string[]> {
  const folders = await readdir(MODELS);
  return folders.filter((name) => existsSync(join(MODELS, name, 'config.json'))).sort();
}

export interface ShippedPipeline {
  /** 'vad, cell=ssm' */
  readonly name: string;
  /** Folder names of the models that it opened. */
  readonly models: readonly string[];
  readonly loaded: LoadedPipeline;
}

/**
 * Every pipeline over audio with a model of models/ in it, once for each choice of its option `cell` if it has one. A pipeline
 * whose model is not shipped is passed over.
 * @param engine default: the pipelines' own default
 */
export async function shippedPipelines(engine?: Engine): Promise<ShippedPipeline[]> {
  const found: ShippedPipeline[] = [];
  for (const name of await listPipelines(PIPELINES)) {
    const pipeline = await loadNamedPipeline(name, PIPELINES);
    if (pipeline.input.kind !== 'audio') continue;
    const { cell } = pipeline.options;
    const choices = cell?.type === 'choice' ? cell.values.map((value) => ({ cell: value })) : [{}];
    for (const choice of choices) {
      const models: string[] = [];
      const open: typeof openPackagedModel = (model) => {
        models.push(model);
        return openPackagedModel(model);
      };
      const loaded = await loadPipeline(pipeline, choice, open, engine).catch(unlessMissing);
      if (!loaded) continue;
      const given = Object.entries(choice).map(([option, value]) => `${option}=${value}`);
      if (models.length > 0) found.push({ name: [name, ...given].join(', '), models, loaded });
    }
  }
  return found;
}

function unlessMissing(thrown: unknown): undefined {
  if (thrown instanceof EngineError && thrown.code === 'ERR_WEIGHTS_MISSING') return;
  throw thrown;
}
