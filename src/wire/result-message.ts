// An item of a pipeline <-> a result of the wire. Numbers are float32 and survive the trip exactly, NaN as null.
// Used by the server, the client and `millrace run --json`, so all three print the same.

import { micros } from '../base/units.ts';
import type { Chunk, Forecast, ResultItem } from '../item/item.ts';
import { type DetectionData, type ForecastData, isAudioData, isForecastData, type ResultMessage } from './messages.ts';
import { shortestFloat32 } from './shortest-float32.ts';

type Cell = number | null;
/** A float32 as messages have it: printed as short as it can be; null for what is not finite. */
export const toWireNumber = (value: number): number | null => (Number.isFinite(value) ? shortestFloat32(value) : null);
const toWire: (value: number) => Cell = toWireNumber;
const fromWire = (value: Cell): number => (value === null ? Number.NaN : Math.fround(value));

/** Print it with `jsonCodec.encodeServer`: audio samples are a Float32Array here and base64 in the text. */
export function toResultMessage(seq: number, item: ResultItem): ResultMessage {
  const { from, to } = item;
  switch (item.kind) {
    case 'detection': {
      const data = Object.fromEntries(Object.entries(item.values).map(([name, value]) => [name, toWire(value)]));
      return { type: 'result', seq, op: item.name, from, to, final: true, data };
    }
    case 'forecast':
      return { type: 'result', seq, op: 'forecast', from, to, final: true, t_us: item.pts, data: toForecastData(item) };
    case 'chunk': {
      const data = { width: item.width, samples: item.data };
      return { type: 'result', seq, op: 'audio', from, to, final: true, data };
    }
  }
}

/** @param rateHz rows per second, to derive `pts` where the message has no t_us; 0: pts counts rows */
export function fromResultMessage(message: ResultMessage, rateHz = 0): ResultItem {
  const { from, to, data, op } = message;
  const pts = micros(message.t_us ?? (rateHz > 0 ? (from * 1e6) / rateHz : from));
  if (isForecastData(data)) return { kind: 'forecast', from, to, pts, ...fromForecastData(data) };
  if (isAudioData(data)) {
    const { width, samples } = data;
    return { kind: 'chunk', from, to, pts, rows: samples.length / width, width, data: samples } satisfies Chunk;
  }
  const values = Object.entries(data as DetectionData).map(([name, value]) => [name, fromWire(value)] as const);
  return { kind: 'detection', from, to, pts, name: op, values: Object.fromEntries(values) };
}

function toForecastData(item: Forecast): ForecastData {
  const { width } = item;
  const nested = (flat: Float32Array): Cell[][] =>
    Array.from({ length: item.horizons.length }, (_, h) =>
      Array.from(flat.subarray(h * width, (h + 1) * width), toWire),
    );
  return {
    horizons: Array.from(item.horizons),
    mean: nested(item.mean),
    lower: nested(item.lower),
    upper: nested(item.upper),
    anomaly: Array.from(item.anomaly, toWire),
    ...(item.quantiles ? { quantiles: shares(item.quantiles, item.mean.length, nested) } : {}),
    ...(item.experts ? { experts: namesOf(item) } : {}),
  };
}

const shares = <T>(flat: Float32Array, each: number, nested: (one: Float32Array) => T): T[] =>
  Array.from({ length: flat.length / each }, (_, q) => nested(flat.subarray(q * each, (q + 1) * each)));

function namesOf({ width, horizons, experts, expertNames = [] }: Forecast): string[][] {
  const name = (place: number): string => expertNames[place] ?? String(place);
  return Array.from(horizons, (_, h) => Array.from(experts!.subarray(h * width, (h + 1) * width), name));
}

function fromForecastData(data: ForecastData): Pick<Forecast, Exclude<keyof Forecast, 'kind' | 'from' | 'to' | 'pts'>> {
  const flat = (nested: readonly (readonly Cell[])[]): Float32Array => Float32Array.from(nested.flat(), fromWire);
  return {
    width: data.anomaly.length,
    horizons: Uint32Array.from(data.horizons),
    mean: flat(data.mean),
    lower: flat(data.lower),
    upper: flat(data.upper),
    anomaly: Float32Array.from(data.anomaly, fromWire),
    ...(data.quantiles ? { quantiles: flat(data.quantiles.flat()) } : {}),
    ...(data.experts ? fromNames(data.experts.flat()) : {}),
  };
}

function fromNames(names: readonly string[]): Pick<Forecast, 'experts' | 'expertNames'> {
  const expertNames = [...new Set(names)];
  return { experts: Uint8Array.from(names, (name) => expertNames.indexOf(name)), expertNames };
}
