// Whether a snapshot is one of this very stream's pipeline, options, format, model and numerics.

import { engineError } from '../base/errors.ts';
import type { Snapshot } from '../item/snapshot.ts';
import type { LoadedPipeline } from '../pipeline/connect.ts';
import type { StreamFormat } from '../pipeline/define-pipeline.ts';

/** Throws ERR_STATE_MODEL where the stream cannot go on from `snapshot`. */
export function checkSnapshot(snapshot: Snapshot, loaded: LoadedPipeline, source: StreamFormat): void {
  const same =
    snapshot.pipeline === loaded.pipeline.name &&
    snapshot.numerics === loaded.numerics &&
    JSON.stringify(snapshot.modelIds) === JSON.stringify(loaded.modelIds) &&
    Object.entries(loaded.options).every(([name, value]) => snapshot.options[name] === value) &&
    snapshot.source.rateHz === source.rateHz &&
    snapshot.source.width === source.width;
  if (same) return;
  throw engineError('ERR_STATE_MODEL', `the snapshot of pipeline ${snapshot.pipeline} does not fit this stream`, {
    expected: 'the same pipeline, options, format, model hash and numerics as in the snapshot; otherwise start anew',
  });
}
