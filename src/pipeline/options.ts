// Options of a pipeline: declared once as data, then parsed the same way from the command line, from a `start` message
// and from library calls.

import { engineError } from '../base/errors.ts';

export type OptionSpec =
  | { readonly type: 'choice'; readonly values: readonly string[]; readonly default: string; readonly help: string }
  | {
      readonly type: 'number';
      readonly default: number;
      readonly min: number;
      readonly max: number;
      readonly integer?: boolean;
      readonly help: string;
    };

export type OptionValues = Readonly<Record<string, string | number>>;

/** What would be accepted, in words: used in --help and in error messages. */
export function describeOption(spec: OptionSpec): string {
  if (spec.type === 'choice') return `one of ${spec.values.join(', ')} (default ${spec.default})`;
  return `${spec.integer ? 'an integer' : 'a number'} from ${spec.min} to ${spec.max} (default ${spec.default})`;
}

/**
 * Defaults filled in, values checked.
 * @throws ERR_OPTION_INVALID for an unknown name or a value outside its range
 */
export function parseOptions(
  specs: Readonly<Record<string, OptionSpec>>,
  given: Readonly<Record<string, unknown>>,
): OptionValues {
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(specs, name)) {
      const known = Object.keys(specs).join(', ') || 'none';
      throw engineError('ERR_OPTION_INVALID', `unknown option "${name}"`, { expected: `one of: ${known}` });
    }
  }
  return Object.fromEntries(
    Object.entries(specs).map(([name, spec]) => [
      name,
      given[name] === undefined ? spec.default : parse(name, spec, given[name]),
    ]),
  );
}

function parse(name: string, spec: OptionSpec, value: unknown): string | number {
  if (spec.type === 'choice') {
    if (typeof value === 'string' && spec.values.includes(value)) return value;
  } else {
    const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
    const fits = typeof number === 'number' && number >= spec.min && number <= spec.max;
    if (fits && (!spec.integer || Number.isInteger(number))) return number;
  }
  throw engineError('ERR_OPTION_INVALID', `option "${name}" cannot be ${JSON.stringify(value)}`, {
    expected: describeOption(spec),
  });
}
