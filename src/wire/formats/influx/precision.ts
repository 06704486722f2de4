// What the numbers behind a line of line protocol count.

/** Microseconds a unit; `ns`: 1/1000. v2 has ns, us, ms and s; v1 also n, u, m and h. */
export const MICROS_PER = { ns: 0, n: 0, us: 1, u: 1, ms: 1e3, s: 1e6, m: 60e6, h: 3600e6 } as const;
export type LinePrecision = keyof typeof MICROS_PER;

export const isLinePrecision = (text: string): text is LinePrecision => Object.hasOwn(MICROS_PER, text);
