// Options as they travel in protobuf: each a oneof of text and number. In JSON they are plain values.

import type { OptionMap } from './messages.ts';

type Wrapped = { readonly text?: string; readonly number?: number };

export function wrapOptions(options: OptionMap): Record<string, Wrapped> {
  return Object.fromEntries(
    Object.entries(options).map(([name, value]) => [
      name,
      typeof value === 'string' ? { text: value } : { number: value },
    ]),
  );
}

/** A value with neither side set stays undefined: the check of the message names it. */
export function unwrapOptions(wrapped: unknown): OptionMap {
  const entries = Object.entries(wrapped as Record<string, Wrapped>);
  return Object.fromEntries(entries.map(([name, value]) => [name, value.text ?? value.number])) as OptionMap;
}
