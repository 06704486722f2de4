// The letters of line protocol: names with their escapes, words, quoted text, line ends. What they mean: decode-lines.ts.

export interface Scanner {
  /** Number of the line, from 1. */
  readonly line: number;
  /** Number of the field that was read last on this line, from 1: counts `word` and `quoted`. */
  readonly ordinal: number;
  /** Moves to the next line that holds a point; false at the end of the text. */
  beginLine(): boolean;
  /** Passes over the line's end; false when something else stands there. */
  endLine(): boolean;
  skip(letter: string): boolean;
  /** Passes over spaces; false when there are none. */
  spaces(): boolean;
  /** Up to one of `stops` that no backslash precedes, or the line end. `text`: without the escapes. */
  name(stops: string): { readonly raw: string; readonly text: string };
  /** Up to one of `stops` or the line end, as it stands. */
  word(stops: string): string;
  /** Behind an opening quote: passes over the text and the closing quote; false when none comes. */
  quoted(): boolean;
}

export function createScanner(text: string): Scanner {
  let at = 0;
  let line = 0;
  let ordinal = 0;
  let begun = 0; // line ends seen
  const ends = (letter: string | undefined): boolean => letter === undefined || letter === '\n' || letter === '\r';

  function passLineEnd(): void {
    if (text[at] === '\r') at++;
    if (text[at] === '\n') {
      at++;
      begun++;
    }
  }
  return {
    get line() {
      return line;
    },
    get ordinal() {
      return ordinal;
    },
    beginLine() {
      while (at < text.length) {
        while (text[at] === ' ' || text[at] === '\t') at++;
        if (text[at] === '#') while (at < text.length && text[at] !== '\n') at++;
        if (!ends(text[at])) break;
        if (at < text.length) passLineEnd();
      }
      line = begun + 1;
      ordinal = 0;
      return at < text.length;
    },
    endLine() {
      if (!ends(text[at])) return false;
      passLineEnd();
      return true;
    },
    skip(letter) {
      if (text[at] !== letter) return false;
      at++;
      return true;
    },
    spaces() {
      const from = at;
      while (text[at] === ' ') at++;
      return at > from;
    },
    name(stops) {
      const from = at;
      let name = '';
      while (!ends(text[at]) && !stops.includes(text[at]!)) {
        // A backslash before anything else is a backslash.
        if (text[at] === '\\' && /[,= ]/.test(text[at + 1] ?? '')) at++;
        name += text[at++];
      }
      return { raw: text.slice(from, at), text: name };
    },
    word(stops) {
      ordinal++;
      const from = at;
      while (!ends(text[at]) && !stops.includes(text[at]!)) at++;
      return text.slice(from, at);
    },
    quoted() {
      ordinal++;
      for (; at < text.length; at++) {
        if (text[at] === '\n') begun++;
        if (text[at] === '\\') at++;
        else if (text[at] === '"') {
          at++;
          return true;
        }
      }
      at = Math.min(at, text.length);
      return false;
    },
  };
}
