// One of our pipelines in all its variants: every choice of its options `cell` and `model`, where it has them. A pipeline or a
// model that is not there is a note, for a table without it is still a table.

import { EngineError } from '../../../base/errors.ts';
import { type LoadedPipeline, loadPipeline } from '../../../pipeline/connect.ts';
import type { Pipeline } from '../../../pipeline/define-pipeline.ts';
import { listPipelines, loadNamedPipeline } from '../../../pipeline/load-pipelines.ts';
import { openPackagedModel } from '../../open-pipeline.ts';
import { PIPELINES } from '../../paths.ts';
import type { BenchContext } from '../record.ts';

const VARIED = ['cell', 'model'];

export interface OurPipeline {
  /** 'denoise ssm small' */
  readonly name: string;
  readonly loaded: LoadedPipeline;
}

export async function ourPipelines(name: string, note: BenchContext['note']): Promise<OurPipeline[]> {
  if (!(await listPipelines(PIPELINES)).includes(name)) {
    note(`${name} is left out: there is no pipeline of that name`);
    return [];
  }
  const pipeline = await loadNamedPipeline(name, PIPELINES);
  const found: OurPipeline[] = [];
  for (const choice of choicesOf(pipeline)) {
    const called = [name, ...Object.values(choice)].join(' ');
    try {
      found.push({ name: called, loaded: await loadPipeline(pipeline, choice, openPackagedModel) });
    } catch (error) {
      if (!(error instanceof EngineError) || error.code === 'ERR_INVARIANT') throw error;
      note(`${called} is left out: ${error.message}`);
    }
  }
  return found;
}

/** [{ cell: 'ssm', model: 'small' }, ...]; [{}] for a pipeline with neither option. */
function choicesOf({ options }: Pipeline): Record<string, string>[] {
  let choices: Record<string, string>[] = [{}];
  for (const option of VARIED) {
    const spec = options[option];
    if (spec?.type !== 'choice') continue;
    choices = choices.flatMap((choice) => spec.values.map((value) => ({ ...choice, [option]: value })));
  }
  return choices;
}
