// Stages that listen beside the main ones: items pass, a copy goes through the stages, and their detections come out in front of
// the item that led to them.
//   in  --chunk 0--chunk 1--gap--|      the stages say "heard" after chunk 1
//   out --chunk 0--heard--chunk 1--gap--|
// Only detections come out of the stages, so audio and gaps stay those of the main stream. For stages that answer at once: one
// that answers later (scan-cell-async) would be overtaken by what it heard, and by the end. Where the order of results must not
// depend on how rows came together, feed it single hops.

import { Observable, type Subscriber } from 'rxjs';
import type { Item } from '../../item/item.ts';
import type { Stage } from '../stage.ts';

/** @param stages with arenas of other names than the main ones; they see chunks, gaps and marks, no detections */
export function overhear(stages: readonly Stage[]): Stage {
  return (context) => (source) =>
    new Observable<Item>((subscriber) => {
      let listeners!: Subscriber<Item>;
      const heard = new Observable<Item>((inside) => {
        listeners = inside;
      });
      const said = stages
        .reduce((stream, stage) => stream.pipe(stage(context)), heard)
        .subscribe({
          next: (item) => item.kind === 'detection' && subscriber.next(item),
          error: (thrown) => subscriber.error(thrown),
        });
      said.add(
        source.subscribe({
          next: (item) => {
            if (item.kind === 'chunk' || item.kind === 'gap' || item.kind === 'mark') listeners.next(item);
            if (!subscriber.closed) subscriber.next(item);
          },
          error: (thrown) => subscriber.error(thrown),
          complete: () => subscriber.complete(),
        }),
      );
      return said;
    });
}
