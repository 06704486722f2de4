// Opens a format by name: a function over messages; only Sparkplug remembers something between them (births and aliases).
// What only one of them needs is loaded with it: Sparkplug brings protobuf along, CSV its parser.

import { malformed, type Reading } from './reading.ts';
import type { FormatOptions, Hear, SensorFormat } from './sensor-formats.ts';

/** A message's text as readings. */
type Decode = (text: string, options: FormatOptions, nowUs: number) => Reading[];

const DECODERS: Readonly<Record<Exclude<SensorFormat, 'sparkplug'>, () => Promise<Decode>>> = {
  async json() {
    const { decodeJson } = await import('./json/decode-json.ts');
    return (text, options) => decodeJson(text, options);
  },
  async ndjson() {
    const { decodeJson } = await import('./json/decode-json.ts');
    return (text, options) =>
      text
        .split('\n')
        .flatMap((line, index) => (line.trim() === '' ? [] : decodeJson(line, options, `line ${index + 1}`)));
  },
  csv: async () => (await import('./csv/decode-csv-readings.ts')).decodeCsvReadings,
  async senml() {
    const { decodeSenml } = await import('./senml/decode-senml.ts');
    return (text, _options, nowUs) => decodeSenml(text, nowUs);
  },
  async influx() {
    const { decodeLines } = await import('./influx/decode-lines.ts');
    return (text, { precision }) => decodeLines(text, precision);
  },
};

const utf8 = new TextDecoder('utf-8', { fatal: true });

export async function openFormat(name: SensorFormat, options: FormatOptions = {}): Promise<Hear> {
  if (name === 'sparkplug') return (await import('./sparkplug/edge-nodes.ts')).createEdgeNodes().hear;
  const decode = await DECODERS[name]();
  return (_topic, bytes, nowUs, precision) => {
    const own = precision === undefined ? options : { ...options, precision };
    return { readings: decode(textOf(bytes), own, nowUs) };
  };
}

function textOf(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw Object.assign(malformed('the message', 'it is not UTF-8 text', 'UTF-8'), { cause });
  }
}
