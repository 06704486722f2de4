// One thing that can be set: its name, its type and its default. Flags, variables, the keys of a file, what is refused and what
// docs/configuration.md is held to all follow from it. Where values come from: resolve.ts. The list of all: serve/settings.ts.

export type Value = string | number | boolean | readonly string[];

export type SettingType =
  | { readonly kind: 'text' | 'path' | 'switch' }
  /** @param canonical the address as it is meant, undefined when it may not be one @param of in words */
  | { readonly kind: 'address'; readonly of: string; readonly canonical: (text: string) => string | undefined }
  | { readonly kind: 'whole'; readonly min: number; readonly max: number }
  | { readonly kind: 'choice'; readonly values: readonly string[] }
  /** @param each one of them as it is meant, undefined when it is none @param of in words */
  | { readonly kind: 'list'; readonly of: string; readonly each: (text: string) => string | undefined };

export interface Setting {
  /** As in a file, and as a flag behind `--`. */
  readonly name: string;
  readonly variable: string;
  /** As on a command line, with what follows it: `--port <port>`. */
  readonly flag: string;
  readonly type: SettingType;
  readonly help: string;
  /** Absent: not set. */
  readonly standard?: Value | undefined;
}

/** In a variable or behind a flag. @returns undefined: not of this type */
export function fromText(type: SettingType, text: string): Value | undefined {
  switch (type.kind) {
    case 'whole':
      return text.trim() === '' ? undefined : fromJson(type, Number(text));
    case 'switch':
      return SWITCHES.get(text);
    case 'list': {
      const items = text.split(',').map((item) => item.trim());
      return fromJson(
        type,
        items.filter((item) => item !== ''),
      );
    }
    default:
      return fromJson(type, text);
  }
}

const SWITCHES: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['1', true],
  ['false', false],
  ['0', false],
]);

/** In a file. @returns undefined: not of this type */
export function fromJson(type: SettingType, value: unknown): Value | undefined {
  switch (type.kind) {
    case 'whole':
      return Number.isInteger(value) && Number(value) >= type.min && Number(value) <= type.max
        ? Number(value)
        : undefined;
    case 'switch':
      return typeof value === 'boolean' ? value : undefined;
    case 'choice':
      return type.values.find((known) => known === value);
    case 'list': {
      if (!Array.isArray(value)) return undefined;
      const items = value.map((item: unknown) => (typeof item === 'string' ? type.each(item) : undefined));
      return items.every((item) => item !== undefined) ? [...new Set(items)] : undefined;
    }
    case 'address':
      return typeof value === 'string' ? type.canonical(value) : undefined;
    default:
      return typeof value === 'string' && value !== '' ? value : undefined;
  }
}

/** What is allowed, in words. @param json as a file has it */
export function allowed(type: SettingType, json: boolean): string {
  switch (type.kind) {
    case 'whole':
      return `a whole number from ${type.min}${type.max === Number.MAX_SAFE_INTEGER ? ' on' : ` to ${type.max}`}`;
    case 'switch':
      return 'true or false';
    case 'choice':
      return `one of ${type.values.join(', ')}`;
    case 'list':
      return json ? `a list of ${type.of}` : `${type.of}, with commas`;
    case 'address':
      return type.of;
    case 'path':
      return 'a path, as text';
    case 'text':
      return 'a text that is not empty';
  }
}
