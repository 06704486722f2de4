// A foreign value as a few words for an error message: bounded, whatever the file held. JSON.stringify is neither safe
// (it overflows the stack on a list nested 10,000 deep) nor short (a header may hold 100 MB in one name).

const LENGTH_MAX = 120;

export function shown(value: unknown): string {
  if (value === undefined) return 'missing';
  if (typeof value === 'string') return JSON.stringify(cut(value));
  if (Array.isArray(value)) {
    const flat = value.length <= 16 && value.every((item) => typeof item !== 'object' && typeof item !== 'string');
    return flat ? `[${value.join(', ')}]` : `a list of ${value.length}`;
  }
  if (typeof value === 'object' && value !== null) return 'an object';
  return String(value);
}

/** `text` itself when it is short. */
export function cut(text: string): string {
  return text.length <= LENGTH_MAX ? text : `${text.slice(0, LENGTH_MAX)}…`;
}
