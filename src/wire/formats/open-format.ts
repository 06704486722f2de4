// Opens a format by name: a function over messages; only Sparkplug remembers something between them (births and aliases).
// What only one of them needs is loaded with it: Sparkplug brings protobuf along, CSV its parser.

import { malformed, type Reading } from './reading.ts';
import type { FormatOptions, Hear, SensorFormat } from './sensor-formats.ts';

/** A message as readings. */
type Decode = (message: Uint8Array, options: FormatOptions, nowUs: number) => Reading[];

const DECODERS: Readonly<Record<Exclude<SensorFormat, 'sparkplug'>, () => Promise<Decode>>> = {
  async json() {
    const { decodeJson } = await import('./json/decode-json.ts');
    return (message, options) => decodeJson(textOf(message), options);
  },
  async ndjson() {
    const { decodeJson } = await import('./json/decode-json.ts');
    return (message, options) =>
      textOf(message)
        .split('\n')
        .flatMap((line, index) => (line.trim() === '' ? [] : decodeJson(line, options, `line ${index + 1}`)));
  },
  async csv() {
    const { decodeCsvReadings } = await import('./csv/decode-csv-readings.ts');
    return (message, options) => decodeCsvReadings(textOf(message), options);
  },
  async senml() {
    const { decodeSenml } = await import('./senml/decode-senml.ts');
    return (message, _options, nowUs) => decodeSenml(textOf(message), nowUs);
  },
  async 'senml-cbor'() {
    const { decodeSenmlCbor } = await import('./senml/decode-senml-cbor.ts');
    return (message, _options, nowUs) => decodeSenmlCbor(message, nowUs);
  },
  async influx() {
    const { decodeLines } = await import('./influx/decode-lines.ts');
    return (message, { precision }) => decodeLines(textOf(message), precision);
  },
};

const utf8 = new TextDecoder('utf-8', { fatal: true });

export async function openFormat(name: SensorFormat, options: FormatOptions = {}): Promise<Hear> {
  if (name === 'sparkplug') return (await import('./sparkplug/edge-nodes.ts')).createEdgeNodes().hear;
  const decode = await DECODERS[name]();
  return (_topic, bytes, nowUs, said) => {
    const own = said?.precision === undefined ? options : { ...options, precision: said.precision };
    return { readings: decode(bytes, own, nowUs) };
  };
}

function textOf(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw Object.assign(malformed('the message', 'it is not UTF-8 text', 'UTF-8'), { cause });
  }
}
