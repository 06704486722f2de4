// The sending side of a load, in a process of its own, so that its work is not the server's: asked by its parent to run a
// load (load/paced-load.ts) or to hold streams open (load/hold-streams.ts).

import { answerParent } from './load/ask.ts';
import { type HeldStreams, type HoldOptions, holdStreams } from './load/hold-streams.ts';
import { type LoadOptions, pacedLoad } from './load/paced-load.ts';

let held: HeldStreams | undefined;

const tell = answerParent({
  load: (options: LoadOptions) => pacedLoad(options, (open) => tell('window', open)),
  /** @returns bytes of state that the server declares a stream to have */
  async hold({ streams, ...options }: HoldOptions & { readonly streams: number }) {
    held ??= await holdStreams(options);
    await held.grow(streams);
    return held.stateBytes;
  },
  async release() {
    await held?.release();
    held = undefined;
  },
});
