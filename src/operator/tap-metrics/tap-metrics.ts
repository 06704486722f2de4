// Counts what passes:  in --[0,160)--gap--|   out --[0,160)--gap--|   observer hears ('chunk', 160 rows, 41 us), ('gap', ...)
// Changes nothing and holds nothing: the numbers live with the observer, which is told by a call, not by a stream.

import { Observable } from 'rxjs';
import { asEngineError, type ErrorCode } from '../../base/errors.ts';
import type { Item } from '../../item/item.ts';
import type { Stage } from '../stage.ts';

export interface TapObserver {
  /**
   * After an item has gone through the stages behind the tap. `rows` are grid rows (to - from). `tookUs` is what those stages
   * took on the context's clock, as far as they answered at once; work that settles later (ONNX) is not in it.
   */
  item(kind: Item['kind'], rows: number, tookUs: number): void;
  /** The stream failed here. */
  error?(code: ErrorCode): void;
}

/** Put one in front of the stages to be measured. The observer must not throw: it stands outside the stream. */
export function tapMetrics(observer: TapObserver): Stage {
  return (context) => (source) =>
    new Observable((subscriber) =>
      source.subscribe({
        next(item) {
          const began = context.clock.now();
          subscriber.next(item);
          observer.item(item.kind, item.to - item.from, context.clock.now() - began);
        },
        error(thrown) {
          observer.error?.(asEngineError(thrown).code);
          subscriber.error(thrown);
        },
        complete: () => subscriber.complete(),
      }),
    );
}
