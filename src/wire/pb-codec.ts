// millrace.v1.pb: every message, rows included, is one binary Envelope of proto/stream.proto. Field names are the ones of
// messages.ts, so most messages pass as they are; options and result data have a shape of their own here.

import { engineError } from '../base/errors.ts';
import { checkClientMessage } from './check-client-message.ts';
import { type Codec, type Frame, PROTOCOL_PB } from './codec.ts';
import { isAudioData, isForecastData, type ResultMessage, type ServerMessage } from './messages.ts';
import { unwrapOptions, wrapOptions } from './option-values.ts';
import { packDetection, unpackRows } from './pb-hot.ts';
import { toResultMessage } from './result-message.ts';
import { schema } from './schema.ts';
import { shortestFloat32 } from './shortest-float32.ts';

const envelope = schema('Envelope');
const NONE = new Uint8Array(0);

export const pbCodec: Codec = {
  protocol: PROTOCOL_PB,
  encodeServer(message) {
    if (message.type === 'result') return envelope.encode({ result: wrapResult(message) });
    return wrap(message.type === 'update' ? { ...message, options: wrapOptions(message.options) } : message);
  },
  encodeResult: (seq, item) =>
    item.kind === 'detection' ? packDetection(seq, item) : pbCodec.encodeServer(toResultMessage(seq, item)),
  encodeClient(message) {
    if (message.type === 'start') return wrap({ ...message, options: wrapOptions(message.options ?? {}) });
    return wrap(message.type === 'update' ? { ...message, options: wrapOptions(message.options) } : message);
  },
  decodeClient(frame) {
    const rows = frame.text ? undefined : unpackRows(frame.bytes);
    if (rows) return rows;
    const fields = unwrap(frame);
    if (fields.type === 'update') return checkClientMessage({ ...fields, options: unwrapOptions(fields.options) });
    if (fields.type !== 'start') return checkClientMessage(fields);
    // Proto3 has no absent list or map: empty stands for absent.
    const format = fields.format as { fields?: readonly string[] } | undefined;
    return checkClientMessage({
      ...fields,
      options: unwrapOptions(fields.options),
      format: format ? { ...format, fields: format.fields?.length ? format.fields : undefined } : undefined,
    });
  },
  decodeServer(data) {
    const fields = unwrap(typeof data === 'string' ? { text: true, bytes: NONE } : { text: false, bytes: data });
    // Proto3 has no absent list either: what is not framed has none.
    if (fields.type === 'ready' && fields.frame === undefined) delete fields.framed;
    if (fields.type === 'update') fields.options = unwrapOptions(fields.options);
    return (fields.type === 'result' ? unwrapResult(fields) : fields) as unknown as ServerMessage;
  },
};

function wrap<M extends { readonly type: string }>(message: M): Uint8Array {
  const { type, ...fields } = message;
  return envelope.encode({ [type]: fields });
}

function unwrap(frame: Frame): Record<string, unknown> {
  if (frame.text) {
    throw engineError('ERR_WIRE_MALFORMED', `a text message came in ${PROTOCOL_PB}`, {
      expected: 'binary messages, each one Envelope',
    });
  }
  const [entry] = Object.entries(envelope.decode(frame.bytes));
  if (!entry) {
    throw engineError('ERR_TYPE_UNKNOWN', 'the Envelope holds no message known here', {
      expected: 'one of the messages in proto/stream.proto',
    });
  }
  return { type: entry[0], ...(entry[1] as object) };
}

type Cell = number | null;
interface FlatForecast {
  readonly width: number;
  readonly horizons: number[];
  readonly mean: number[];
  readonly lower: number[];
  readonly upper: number[];
  readonly anomaly: number[];
  readonly quantiles?: number[];
  readonly experts?: number[];
  readonly expert_names?: string[];
}
interface FlatResult {
  readonly detection?: { readonly values: Record<string, number> };
  readonly forecast?: FlatForecast;
  readonly audio?: { readonly width: number; readonly samples: Uint8Array };
}
const toNumber = (cell: Cell): number => cell ?? Number.NaN;
const toCell = (value: number): Cell => (Number.isFinite(value) ? shortestFloat32(value) : null);

function wrapResult(message: ResultMessage): object {
  const { type: _, data, ...fields } = message;
  if (isAudioData(data)) {
    const { buffer, byteOffset, byteLength } = data.samples;
    return { ...fields, audio: { width: data.width, samples: new Uint8Array(buffer, byteOffset, byteLength) } };
  }
  if (isForecastData(data)) {
    const flat = (nested: readonly (readonly Cell[])[]) => nested.flat().map(toNumber);
    const forecast: FlatForecast = {
      width: data.anomaly.length,
      horizons: [...data.horizons],
      mean: flat(data.mean),
      lower: flat(data.lower),
      upper: flat(data.upper),
      anomaly: data.anomaly.map(toNumber),
      ...(data.quantiles ? { quantiles: flat(data.quantiles.flat()) } : {}),
      ...(data.experts ? flatExperts(data.experts.flat()) : {}),
    };
    return { ...fields, forecast };
  }
  const values = Object.entries(data).map(([name, value]) => [name, toNumber(value as Cell)]);
  return { ...fields, detection: { values: Object.fromEntries(values) } };
}

function flatExperts(names: readonly string[]): Pick<FlatForecast, 'experts' | 'expert_names'> {
  const expert_names = [...new Set(names)];
  return { experts: names.map((name) => expert_names.indexOf(name)), expert_names };
}

const nestedShares = <T>(flat: number[], each: number, nested: (one: number[]) => T): T[] =>
  Array.from({ length: flat.length / each }, (_, q) => nested(flat.slice(q * each, (q + 1) * each)));

function nestedExperts({ width, horizons, experts = [], expert_names = [] }: FlatForecast): string[][] {
  const name = (place: number): string => expert_names[place] ?? String(place);
  return horizons.map((_, h) => experts.slice(h * width, (h + 1) * width).map(name));
}

function unwrapResult(message: Record<string, unknown>): Record<string, unknown> {
  const { detection, forecast, audio, ...fields } = message as Record<string, unknown> & FlatResult;
  if (audio)
    return { ...fields, data: { width: audio.width, samples: new Float32Array(new Uint8Array(audio.samples).buffer) } };
  if (forecast) {
    const { width } = forecast;
    const nested = (flat: number[]) =>
      forecast.horizons.map((_, h) => flat.slice(h * width, (h + 1) * width).map(toCell));
    const { horizons, mean, lower, upper, anomaly } = forecast;
    return {
      ...fields,
      data: {
        horizons,
        mean: nested(mean),
        lower: nested(lower),
        upper: nested(upper),
        anomaly: anomaly.map(toCell),
        ...(forecast.quantiles?.length ? { quantiles: nestedShares(forecast.quantiles, mean.length, nested) } : {}),
        ...(forecast.experts?.length ? { experts: nestedExperts(forecast) } : {}),
      },
    };
  }
  const values = Object.entries(detection?.values ?? {}).map(([name, value]) => [name, toCell(value)]);
  return { ...fields, data: Object.fromEntries(values) };
}
