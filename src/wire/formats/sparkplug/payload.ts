// A Sparkplug B payload as bytes (proto/sparkplug.proto) <-> what is in it. Knows no births, aliases or sequence: edge-nodes.ts.

import protobuf from 'protobufjs/light.js';
import { SPARKPLUG_DESCRIPTOR_JSON } from '../../sparkplug-descriptor.ts';
import { malformed } from '../reading.ts';

const root = protobuf.Root.fromJSON(JSON.parse(SPARKPLUG_DESCRIPTOR_JSON) as protobuf.INamespace);
const message = root.lookupType('sparkplug.Payload');

/** Sparkplug's numbers of its types of numbers; others (text, data sets, files, templates) are no readings. */
export const DATATYPES = {
  Int8: 1,
  Int16: 2,
  Int32: 3,
  Int64: 4,
  UInt8: 5,
  UInt16: 6,
  UInt32: 7,
  UInt64: 8,
  Float: 9,
  Double: 10,
  Boolean: 11,
} as const;
const NUMBERS: ReadonlySet<number> = new Set(Object.values(DATATYPES));
const SIGNED_BITS: Readonly<Record<number, number>> = { 1: 8, 2: 16, 3: 32, 4: 64 };

export interface SparkplugMetric {
  readonly name: string | undefined;
  readonly alias: string | undefined;
  /** Milliseconds since 1970. */
  readonly timestamp: number | undefined;
  readonly datatype: number | undefined;
  readonly isNull: boolean;
  /** The value as it lies in its field, which only the datatype explains: `metricValue`. */
  readonly raw: RawValue | undefined;
}
export type RawValue = { readonly whole: bigint } | { readonly number: number } | { readonly text: string };

export interface SparkplugPayload {
  readonly timestamp: number | undefined;
  readonly seq: number | undefined;
  readonly metrics: readonly SparkplugMetric[];
}

/** @throws ERR_ROW_MALFORMED for bytes that are no payload */
export function decodePayload(bytes: Uint8Array): SparkplugPayload {
  try {
    // 64 bits as text: as a double, an Int64 of -1 would be 2^64.
    const fields = message.toObject(message.decode(bytes), { longs: String, arrays: true }) as PayloadFields;
    return {
      timestamp: whole(fields.timestamp),
      seq: whole(fields.seq),
      metrics: fields.metrics.map((metric) => ({
        name: metric.name,
        alias: metric.alias,
        timestamp: whole(metric.timestamp),
        datatype: metric.datatype,
        isNull: metric.is_null ?? false,
        raw: rawOf(metric),
      })),
    };
  } catch (cause) {
    throw Object.assign(
      malformed('the message', 'it is not a Sparkplug B payload', 'protobuf, see proto/sparkplug.proto'),
      {
        cause,
      },
    );
  }
}

/** The number that a metric holds: NaN when it is null, undefined when its type is none of numbers. */
export function metricValue({ isNull, raw }: SparkplugMetric, datatype: number | undefined): number | undefined {
  if (datatype !== undefined && !NUMBERS.has(datatype)) return undefined;
  if (isNull) return Number.NaN;
  if (raw === undefined || 'text' in raw) return undefined;
  if ('number' in raw) return raw.number - raw.number === 0 ? raw.number : Number.NaN;
  const bits = SIGNED_BITS[datatype ?? 0];
  return Number(bits === undefined ? raw.whole : BigInt.asIntN(bits, raw.whole));
}

/** The command that asks an edge node to say again who it is and what it has: topic spBv1.0/<group>/NCMD/<node>. */
export function rebirthCommand(nowMs: number): Uint8Array {
  const metric = {
    name: 'Node Control/Rebirth',
    timestamp: nowMs,
    datatype: DATATYPES.Boolean,
    boolean_value: true,
  };
  return message.encode(message.fromObject({ timestamp: nowMs, metrics: [metric] })).finish();
}

interface MetricFields {
  readonly name?: string;
  readonly alias?: string;
  readonly timestamp?: string;
  readonly datatype?: number;
  readonly is_null?: boolean;
  readonly int_value?: number;
  readonly long_value?: string;
  readonly float_value?: number;
  readonly double_value?: number;
  readonly boolean_value?: boolean;
  readonly string_value?: string;
}
interface PayloadFields {
  readonly timestamp?: string;
  readonly seq?: string;
  readonly metrics: readonly MetricFields[];
}

const whole = (text: string | undefined): number | undefined => (text === undefined ? undefined : Number(text));

function rawOf(metric: MetricFields): RawValue | undefined {
  if (metric.int_value !== undefined) return { whole: BigInt(metric.int_value) };
  if (metric.long_value !== undefined) return { whole: BigInt(metric.long_value) };
  if (metric.boolean_value !== undefined) return { number: Number(metric.boolean_value) };
  const number = metric.float_value ?? metric.double_value;
  if (number !== undefined) return { number };
  return metric.string_value === undefined ? undefined : { text: metric.string_value };
}
