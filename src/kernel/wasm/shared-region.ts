// Things in the kernel memory that depend on nothing but their options: tables and scratch that all streams of a process use
// one after another. Made at the first use, given back when nobody has them any more.

import { createRegion, type Region } from './region.ts';

/** One entry a key; keys come from options in code, so there are few, and each is some 100 bytes. */
const shared = new Map<string, WeakRef<object>>();

/**
 * The thing of this key: the one in use, or a new one. Hold on to the object itself: with it goes its memory.
 * @throws ERR_MEMORY_FULL when the kernel memory has no room left
 */
export function sharedRegion<T extends object>(key: string, make: (region: Region) => T): T {
  const known = shared.get(key)?.deref() as T | undefined;
  if (known) return known;
  const region = createRegion();
  const made = make(region);
  region.livesWith(made);
  shared.set(key, new WeakRef(made));
  return made;
}
