// A series of any length in bounded memory, for drawing: least and greatest value of equal runs of it. When there are as
// many runs as allowed, neighbours are joined, so a run holds 1, 2, 4, 8 .. values and no peak is ever lost. NaN: no value.
// thin.ts cuts what comes out of here to pixel columns; with at least 4,096 runs over 776 pixels that moves nothing visibly.

export interface EnvelopePoints {
  readonly x: Float64Array;
  readonly y: Float32Array;
}

export class Envelope {
  readonly #x: Float64Array;
  readonly #y: Float32Array;
  /** Runs begun, values in a full one, values in the last one. */
  #runs = 0;
  #perRun = 1;
  #inLast = 0;

  /** @param runsMax even */
  constructor(runsMax = 8192) {
    this.#x = new Float64Array(2 * runsMax);
    this.#y = new Float32Array(2 * runsMax);
  }

  add(x: number, y: number): void {
    if (this.#runs === 0 || this.#inLast === this.#perRun) this.#begin();
    const at = 2 * (this.#runs - 1);
    if (this.#inLast++ === 0) {
      this.#put(at, x, y);
      this.#put(at + 1, x, y);
    } else this.#widen(at, x, y);
  }

  /** One point per value while every run holds one; then two per run, its least and its greatest value in their order. */
  points(): EnvelopePoints {
    const [xs, ys, runs] = [this.#x, this.#y, this.#runs];
    if (this.#perRun > 1) return { x: xs.slice(0, 2 * runs), y: ys.slice(0, 2 * runs) };
    const every = (_: unknown, i: number): number => 2 * i;
    const at = Uint32Array.from({ length: runs }, every);
    return { x: Float64Array.from(at, (i) => xs[i]!), y: Float32Array.from(at, (i) => ys[i]!) };
  }

  #begin(): void {
    if (2 * this.#runs === this.#y.length) {
      for (let run = 0; 2 * run < this.#runs; run++) this.#join(run);
      this.#runs /= 2;
      this.#perRun *= 2;
    }
    this.#runs++;
    this.#inLast = 0;
  }

  /** Runs 2 * run and the one behind it become run `run`. */
  #join(run: number): void {
    const [xs, ys] = [this.#x, this.#y];
    const [to, from] = [2 * run, 4 * run];
    for (const k of [0, 1]) this.#put(to + k, xs[from + k]!, ys[from + k]!);
    for (const k of [2, 3]) this.#widen(to, xs[from + k]!, ys[from + k]!);
  }

  #put(at: number, x: number, y: number): void {
    this.#x[at] = x;
    this.#y[at] = y;
  }

  /** Takes (x, y), which lies behind what the run at `at` holds, into its two points. */
  #widen(at: number, x: number, y: number): void {
    const [a, b] = [this.#y[at]!, this.#y[at + 1]!];
    const within = y !== y || (y >= Math.min(a, b) && y <= Math.max(a, b));
    if (within) return;
    if (a !== a) {
      this.#put(at, x, y);
      this.#put(at + 1, x, y);
      return;
    }
    // The new value is one extreme; the other is whichever of the two stands on the far side of it.
    const other = y > Math.max(a, b) === a < b ? at : at + 1;
    this.#put(at, this.#x[other]!, this.#y[other]!);
    this.#put(at + 1, x, y);
  }
}
