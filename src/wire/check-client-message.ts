// Checks what a client sent, field by field, after decoding and before anyone believes it. Both codecs end here, so a
// wrong field gets the same answer in JSON and in protobuf. Unknown fields are ignored; unknown types are not fatal.

import { type ErrorCode, engineError } from '../base/errors.ts';
import {
  type ClientMessage,
  ENCODINGS,
  type FormatMessage,
  FRAMINGS,
  type OptionMap,
  POLICIES,
  type ResumeRequest,
  type StartMessage,
  TIME_UNITS,
} from './messages.ts';

type Fields = Readonly<Record<string, unknown>>;

export const NAME_LENGTH_MAX = 128;
/** 256 columns and a time column. */
const FIELDS_MAX = 257;
const ACK_MS_MIN = 20;
const ACK_MS_MAX = 10_000;

const CLIENT_TYPES = 'start, gap, keepalive, finalize, reset, snapshot, fork, update, received, close';

/** @param fields an object with a `type`; for rows, `data` is a Uint8Array */
export function checkClientMessage(fields: Fields): ClientMessage {
  switch (fields.type) {
    case 'start':
      return checkStart(fields);
    case 'rows':
      return { type: 'rows', ...whole('offset', fields.offset), data: fields.data as Uint8Array };
    case 'gap':
      return {
        type: 'gap',
        from: need('ERR_GAP_INVALID', 'gap.from', fields.from, isWhole, 'a row number'),
        to: need('ERR_GAP_INVALID', 'gap.to', fields.to, isWhole, 'a row number'),
        why: typeof fields.why === 'string' ? fields.why.slice(0, NAME_LENGTH_MAX) : '',
      };
    case 'finalize':
    case 'reset':
      return { type: fields.type, id: idOf(fields) };
    case 'snapshot':
    case 'fork':
    case 'update':
    case 'received':
      return checkCommand(fields);
    case 'keepalive':
    case 'close':
      return { type: fields.type };
    default: {
      const shown = typeof fields.type === 'string' ? `"${fields.type.slice(0, 40)}"` : 'missing or not a string';
      throw engineError('ERR_TYPE_UNKNOWN', `message type ${shown} is not one this server takes`, {
        expected: `${CLIENT_TYPES}, or rows as binary`,
      });
    }
  }
}

function checkCommand(fields: Fields): ClientMessage {
  const id = idOf(fields);
  switch (fields.type) {
    case 'snapshot':
      return { type: 'snapshot', id, ...(fields.inline === true ? { inline: true } : {}) };
    case 'fork':
      return { type: 'fork', id, ...(isName(fields.stream) ? { stream: fields.stream } : {}) };
    case 'update':
      return { type: 'update', id, options: checkOptions(fields.options ?? {}) };
    default:
      return {
        type: 'received',
        seq: need('ERR_SEQ_REGRESSION', 'received.seq', fields.seq, isWhole, 'the number of a result'),
      };
  }
}

function checkStart(fields: Fields): StartMessage {
  if (fields.v !== 1) {
    throw engineError('ERR_WIRE_VERSION', `start.v is ${show(fields.v)}`, { expected: '1' });
  }
  const name = `a name of 1 to ${NAME_LENGTH_MAX} characters`;
  return {
    type: 'start',
    v: 1,
    pipeline: need('ERR_START_INVALID', 'start.pipeline', fields.pipeline, isName, name),
    ...optional('stream', fields.stream, isName, name),
    format: checkFormat(fields.format),
    ...optional('frame', fields.frame, oneOf(FRAMINGS), `one of ${FRAMINGS.join(', ')}`),
    ...optional('policy', fields.policy, oneOf(POLICIES), `one of ${POLICIES.join(', ')}`),
    ...optional('ack_ms', fields.ack_ms, isAckMs, `a whole number from ${ACK_MS_MIN} to ${ACK_MS_MAX}`),
    ...(isPresent(fields.options) ? { options: checkOptions(fields.options) } : {}),
    ...(isPresent(fields.resume) && fields.resume !== false ? { resume: checkResume(fields) } : {}),
  };
}

function checkResume({ resume, policy }: Fields): ResumeRequest {
  if (isPresent(policy) && policy !== 'block') {
    refuse('start.policy', policy, 'block with start.resume: what the server sheds could not be repeated');
  }
  const hint = 'true, or an object with a token or a state of an earlier stream';
  const fields = need('ERR_START_INVALID', 'start.resume', resume === true ? {} : resume, isObject, hint);
  const { token, state } = fields;
  if (isPresent(token) && isPresent(state)) refuse('start.resume.state', 'given beside a token', 'one of the two');
  // Whatever is wrong with a token or a state gets one answer, later: here only what is not even text.
  return {
    ...(isPresent(token) ? { token: need('ERR_STATE_GONE', 'start.resume.token', token, isText, 'a token') } : {}),
    ...(isPresent(state) ? { state: need('ERR_STATE_SEAL', 'start.resume.state', state, isText, 'a state') } : {}),
    ...(isPresent(fields.seq)
      ? { seq: need('ERR_START_INVALID', 'start.resume.seq', fields.seq, isWhole, 'the number of a result') }
      : {}),
  };
}

function checkFormat(value: unknown): FormatMessage {
  const hint = 'an object like {"encoding":"pcm_s16le","rate":16000,"channels":1}';
  const fields = need('ERR_START_INVALID', 'start.format', value, isObject, hint);
  const { encoding } = fields;
  if (!oneOf(ENCODINGS)(encoding)) {
    throw engineError('ERR_FORMAT_UNSUPPORTED', `start.format.encoding is ${show(encoding)}`, {
      expected: `one of ${ENCODINGS.join(', ')}`,
    });
  }
  const format: FormatMessage = {
    encoding,
    ...optional('format.rate', fields.rate, isRate, 'a number of rows per second, 0 for unknown'),
    ...optional('format.channels', fields.channels, isCount, 'a whole number from 1'),
    ...optional('format.fields', fields.fields, isFieldList, `1 to ${FIELDS_MAX} different column names`),
    ...optional('format.time', fields.time, isName, 'the name of the time column'),
    ...optional('format.time_unit', fields.time_unit, oneOf(TIME_UNITS), `one of ${TIME_UNITS.join(', ')}`),
  };
  checkWidth(format);
  return format;
}

/** Every format must say how wide a row is, once. */
function checkWidth(format: FormatMessage): void {
  const { encoding, channels, fields, time } = format;
  const text = encoding === 'csv' || encoding === 'ndjson';
  if (!text || !fields) {
    if (channels === undefined)
      refuse('start.format.channels', channels, text ? 'values per row, or fields' : 'values per row');
    return;
  }
  if (time !== undefined && !fields.includes(time)) refuse('start.format.time', time, 'one of format.fields');
  const width = fields.length - (time === undefined ? 0 : 1);
  if (width < 1) refuse('start.format.fields', fields.length, 'at least one column besides the time');
  if (channels !== undefined && channels !== width)
    refuse('start.format.channels', channels, `${width}, as fields say`);
}

function checkOptions(value: unknown): OptionMap {
  const given = need('ERR_START_INVALID', 'start.options', value, isObject, 'an object of names and values');
  for (const [name, option] of Object.entries(given)) {
    if (typeof option === 'string' || (typeof option === 'number' && Number.isFinite(option))) continue;
    throw engineError('ERR_OPTION_INVALID', `option "${name.slice(0, 40)}" is ${show(option)}`, {
      expected: 'a string or a number',
    });
  }
  return given as OptionMap;
}

const idOf = ({ id }: Fields): string => (typeof id === 'string' ? id.slice(0, NAME_LENGTH_MAX) : '');
const isText = (value: unknown): value is string => typeof value === 'string';
const isPresent = (value: unknown): boolean => value !== undefined && value !== null;
const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isName = (value: unknown): value is string =>
  typeof value === 'string' && value.length > 0 && value.length <= NAME_LENGTH_MAX;
const isWhole = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isCount = (value: unknown): value is number => isWhole(value) && value >= 1;
const isRate = (value: unknown): value is number => typeof value === 'number' && value >= 0 && value < Infinity;
const isAckMs = (value: unknown): value is number => isWhole(value) && value >= ACK_MS_MIN && value <= ACK_MS_MAX;
const isFieldList = (value: unknown): value is string[] =>
  Array.isArray(value) &&
  value.length >= 1 &&
  value.length <= FIELDS_MAX &&
  value.every(isName) &&
  new Set(value).size === value.length;
function oneOf<T extends string>(values: readonly T[]): (value: unknown) => value is T {
  return (value): value is T => values.includes(value as T);
}

type Guard<T> = (value: unknown) => value is T;

function need<T>(code: ErrorCode, path: string, value: unknown, fits: Guard<T>, expected: string): T {
  if (fits(value)) return value;
  throw engineError(code, `${path} is ${show(value)}`, { expected });
}

/** `{ [last part of path]: value }` when present and right, `{}` when absent. */
function optional<K extends string, T>(path: K, value: unknown, fits: Guard<T>, expected: string) {
  type Key = K extends `format.${infer Rest}` ? Rest : K;
  if (!isPresent(value)) return {} as { readonly [P in Key]?: T };
  const checked = need('ERR_START_INVALID', `start.${path}`, value, fits, expected);
  return { [path.replace('format.', '')]: checked } as { readonly [P in Key]?: T };
}

function whole(name: 'offset', value: unknown): { readonly offset?: number } {
  if (!isPresent(value)) return {};
  return { [name]: need('ERR_SEQ_REGRESSION', `rows.${name}`, value, isWhole, 'a row number below 2^53') };
}

function refuse(path: string, value: unknown, expected: string): never {
  throw engineError('ERR_START_INVALID', `${path} is ${show(value)}`, { expected });
}

/** A value in few words: never more than 40 characters of what a client sent. */
function show(value: unknown): string {
  if (value === undefined) return 'missing';
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 40));
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return String(value);
  return Array.isArray(value) ? 'a list' : `of type ${typeof value}`;
}
