// SenML in CBOR (RFC 8428, section 6): `application/senml+cbor`, a pack of known length, and `application/sensml+cbor`, whose
// array may be of open length. Records come out under the labels that JSON has; what they mean: resolve-records.ts.
// Numbers may be integers, floats or decimal fractions (tag 4). Bounds: bounded-tokens.ts.

import { type DecodeOptions, decodeFirst, type TagDecodeControl } from 'cborg';
import { EngineError } from '../../../base/errors.ts';
import { malformed, type Reading, shown } from '../reading.ts';
import { BoundedTokens } from './bounded-tokens.ts';
import { resolveRecords } from './resolve-records.ts';

/** Table 4: conclusive, whatever is added later has text for a label. */
export const CBOR_LABELS: Readonly<Record<string, number>> = {
  bver: -1,
  bn: -2,
  bt: -3,
  bu: -4,
  bv: -5,
  bs: -6,
  n: 0,
  u: 1,
  v: 2,
  vs: 3,
  vb: 4,
  s: 5,
  t: 6,
  ut: 7,
  vd: 8,
};
const NAMES = new Map<unknown, string>(Object.entries(CBOR_LABELS).map(([name, label]) => [label, name]));
const DECIMAL_FRACTION = 4;

const OPTIONS: DecodeOptions = {
  useMaps: true,
  rejectDuplicateMapKeys: true,
  allowUndefined: false,
  allowBigInt: true, // a tokenizer of one's own knows no defaults
  tags: { [DECIMAL_FRACTION]: decimalFraction },
};

/**
 * @param nowUs what relative times are relative to
 * @throws ERR_ROW_MALFORMED naming the byte, or the record and the field
 */
export function decodeSenmlCbor(bytes: Uint8Array, nowUs: number): Reading[] {
  const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length); // of a Buffer, cborg's slices would be views
  const tokenizer = new BoundedTokens(plain, OPTIONS);
  const pack = packOf(plain, tokenizer);
  if (!Array.isArray(pack) || pack.length === 0) {
    throw malformed('the message', 'it is not a SenML pack', 'a CBOR array of one record or more (RFC 8428)');
  }
  if (!tokenizer.done()) throw malformed(`byte ${tokenizer.pos()}`, 'bytes behind the pack', 'one pack a message');
  return resolveRecords(pack.map(toFields), nowUs);
}

function packOf(bytes: Uint8Array, tokenizer: BoundedTokens): unknown {
  try {
    return decodeFirst(bytes, { ...OPTIONS, tokenizer })[0];
  } catch (cause) {
    if (cause instanceof EngineError) throw cause;
    const error = malformed(`byte ${tokenizer.pos()}`, 'it is not CBOR that SenML allows', 'a SenML pack in CBOR');
    throw Object.assign(error, { cause });
  }
}

function toFields(record: unknown, index: number): unknown {
  if (!(record instanceof Map)) return undefined; // refused as no record
  const place = `record ${index + 1}`;
  const fields = Object.create(null) as Record<string, unknown>; // a label may be __proto__
  for (const [label, value] of record) {
    const name = NAMES.get(label) ?? (typeof label === 'string' ? label : undefined);
    if (name === undefined || (typeof label === 'string' && Object.hasOwn(CBOR_LABELS, label))) {
      const what = typeof label === 'string' ? shown(label) : typeof label === 'object' ? 'of no kind' : String(label);
      throw malformed(`${place}, label ${what}`, 'none of SenML in CBOR', 'the integers of RFC 8428, table 4');
    }
    fields[name] = typeof value === 'bigint' ? Number(value) : value;
  }
  return fields;
}

/** Tag 4: [exponent, mantissa] of ten. As decimal text it is rounded once, as a number in JSON is. */
function decimalFraction(decode: TagDecodeControl): number {
  const parts = decode();
  const [exponent, mantissa] = Array.isArray(parts) && parts.length === 2 ? (parts as unknown[]) : [];
  if (isWhole(exponent) && isWhole(mantissa)) return Number(`${mantissa}e${exponent}`);
  throw new TypeError('a decimal fraction of other than two integers');
}

/** cborg reads a float without a fraction as a number like any other: 2.0 passes for 2. */
const isWhole = (part: unknown): part is number | bigint => typeof part === 'bigint' || Number.isSafeInteger(part);
