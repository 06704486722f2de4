// The session of a connection's stream: the pipeline in the sender's format, bounded by the credit it was granted.

import type { EngineError } from '../base/errors.ts';
import { streamId } from '../base/units.ts';
import type { Mark } from '../item/item.ts';
import type { Snapshot } from '../item/snapshot.ts';
import type { LoadedPipeline } from '../pipeline/connect.ts';
import { Session } from '../session/session.ts';
import type { Output } from '../session/session-options.ts';
import { rowWidth } from '../wire/row-builder.ts';
import { rowBytesMin } from '../wire/rows.ts';
import type { StreamOwner } from './stream-owner.ts';
import { watchMarks } from './watch-marks.ts';

export interface SessionEvents {
  onOutput(output: Output): void;
  /** A mark came out of the last stage. */
  onMark(what: Mark['what']): void;
  onError(error: EngineError): void;
  onFault(rows: number): void;
  onReady(): void;
}

/** @param name what the stream was called before, if it was. @throws ERR_STATE_MODEL, ERR_STATE_LAYOUT, ERR_FORMAT_UNSUPPORTED */
export function makeSession(
  { context, start }: StreamOwner,
  loaded: LoadedPipeline,
  snapshot: Snapshot | undefined,
  name: string | undefined,
  { onMark, ...events }: SessionEvents,
): Session {
  const source = { rateHz: start.format.rate ?? 0, width: rowWidth(start.format) };
  const stages = loaded.connect(source);
  return new Session({
    id: streamId(name ?? start.stream ?? context.id),
    loaded: { ...loaded, connect: () => [...stages, watchMarks(onMark)] },
    source,
    clock: context.clock,
    policy: start.policy ?? 'block',
    inboxRowsMax: Math.floor((2 * context.limits.creditBytes) / rowBytesMin(start.format)),
    ...(snapshot ? { snapshot } : {}),
    ...events,
  });
}
