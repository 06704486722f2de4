// The formats that a sensor may speak, by name: what --format takes. An opened format is a function over messages; only
// Sparkplug remembers something between them (births and aliases).

import { decodeCsvReadings } from './csv/decode-csv-readings.ts';
import { decodeLines, type LinePrecision } from './influx/decode-lines.ts';
import { decodeJson, type JsonOptions } from './json/decode-json.ts';
import { malformed, type Reading } from './reading.ts';
import { decodeSenml } from './senml/decode-senml.ts';
import { createEdgeNodes, type SparkplugEvent } from './sparkplug/edge-nodes.ts';

export const SENSOR_FORMATS = ['json', 'ndjson', 'csv', 'senml', 'sparkplug', 'influx'] as const;
export type SensorFormat = (typeof SENSOR_FORMATS)[number];

export interface FormatOptions extends JsonOptions {
  /** csv: all columns in order. */
  readonly fields?: readonly string[];
  /** influx; default ns. */
  readonly precision?: LinePrecision;
}

/** What a message said. */
export interface Heard {
  readonly readings: readonly Reading[];
  /** What happened to the sender, beside its readings. */
  readonly events?: readonly SparkplugEvent[];
  /** Something the sender must be told. */
  readonly rebirth?: { readonly topic: string; readonly payload: Uint8Array };
}

/**
 * @param topic where the message came from; only Sparkplug reads it   @param nowUs what relative times are relative to
 * @param precision of this message, where its sender says one: line protocol over HTTP
 * @throws ERR_ROW_MALFORMED, ERR_WIRE_MALFORMED: nothing of the message was taken
 */
export type Hear = (topic: string, bytes: Uint8Array, nowUs: number, precision?: LinePrecision) => Heard;

const utf8 = new TextDecoder('utf-8', { fatal: true });

export function openFormat(name: SensorFormat, options: FormatOptions = {}): Hear {
  if (name === 'sparkplug') return createEdgeNodes().hear;
  return (_topic, bytes, nowUs, precision) => {
    const own = precision === undefined ? options : { ...options, precision };
    return { readings: decodeText(name, textOf(bytes), own, nowUs) };
  };
}

function decodeText(
  name: Exclude<SensorFormat, 'sparkplug'>,
  text: string,
  options: FormatOptions,
  nowUs: number,
): Reading[] {
  switch (name) {
    case 'json':
      return decodeJson(text, options);
    case 'ndjson':
      return text.split('\n').flatMap((line, index) => jsonLine(line, index + 1, options));
    case 'csv':
      return decodeCsvReadings(text, options);
    case 'senml':
      return decodeSenml(text, nowUs);
    case 'influx':
      return decodeLines(text, options.precision);
    default:
      return name satisfies never;
  }
}

function jsonLine(line: string, number: number, options: JsonOptions): Reading[] {
  return line.trim() === '' ? [] : decodeJson(line, options, `line ${number}`);
}

function textOf(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw Object.assign(malformed('the message', 'it is not UTF-8 text', 'UTF-8'), { cause });
  }
}
