// The formats that a sensor may speak, by name: what --format takes, and what a message says. Opened by open-format.ts.

import type { LinePrecision } from './influx/precision.ts';
import type { JsonOptions } from './json/decode-json.ts';
import type { Reading } from './reading.ts';
import type { SparkplugEvent } from './sparkplug/edge-nodes.ts';

export const SENSOR_FORMATS = ['json', 'ndjson', 'csv', 'senml', 'senml-cbor', 'sparkplug', 'influx'] as const;
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

/** What the sender said of a message, beside it. */
export interface Said {
  /** Line protocol over HTTP: the unit of its times. */
  readonly precision?: LinePrecision;
  /** MQTT 5: which format it is in; read by typed-format.ts. */
  readonly contentType?: string;
}

/**
 * @param topic where the message came from; only Sparkplug reads it   @param nowUs what relative times are relative to
 * @throws ERR_ROW_MALFORMED, ERR_WIRE_MALFORMED: nothing of the message was taken
 */
export type Hear = (topic: string, bytes: Uint8Array, nowUs: number, said?: Said) => Heard;
