// A last stage that says when a mark has come through, that is when everything before it has its results sent:
//   chunk  mark(flush)  chunk   -> the same, and onMark('flush') before the mark leaves
// The bridge puts it behind a pipeline's own stages to answer `finalize` and `reset` in order.

import { tap } from 'rxjs';
import type { Mark } from '../item/item.ts';
import type { Stage } from '../operator/stage.ts';

export function watchMarks(onMark: (what: Mark['what']) => void): Stage {
  return () =>
    tap((item) => {
      if (item.kind === 'mark') onMark(item.what);
    });
}
