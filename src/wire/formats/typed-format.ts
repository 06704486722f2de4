// A format for senders that may say which one they speak, message by message (MQTT 5: content type). What says nothing, or
// something that is none of ours, is read in the format that was asked for. All formats are opened beforehand: which ones
// come is not known, and messages do not wait.

import { openFormat } from './open-format.ts';
import type { FormatOptions, Hear, SensorFormat } from './sensor-formats.ts';

/** Registered names, and those in use. Line protocol and Sparkplug have none of their own. */
export const CONTENT_TYPES: ReadonlyMap<string, SensorFormat> = new Map([
  ['application/json', 'json'],
  ['application/x-ndjson', 'ndjson'],
  ['application/jsonl', 'ndjson'],
  ['text/csv', 'csv'],
  ['application/senml+json', 'senml'],
  ['application/sensml+json', 'senml'],
  ['application/senml+cbor', 'senml-cbor'],
  ['application/sensml+cbor', 'senml-cbor'],
]);

/** @param name for messages without a content type; sparkplug: for all, whatever they say */
export async function openTypedFormat(name: SensorFormat, options: FormatOptions = {}): Promise<Hear> {
  const own = await openFormat(name, options);
  if (name === 'sparkplug') return own;
  const others = new Map<SensorFormat, Hear>([[name, own]]);
  for (const format of CONTENT_TYPES.values()) {
    if (!others.has(format)) others.set(format, await openFormat(format, options));
  }
  return (topic, bytes, nowUs, said) => {
    const type = said?.contentType?.split(';', 1)[0]?.trim().toLowerCase() ?? '';
    const hear = others.get(CONTENT_TYPES.get(type) ?? name) ?? own;
    return hear(topic, bytes, nowUs, said);
  };
}
