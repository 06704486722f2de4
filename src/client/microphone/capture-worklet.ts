// What runs on a page's audio thread, as the text of a module: it cuts what the device plays into chunks and counts what is
// missing, so that every row of time is either in a chunk or in a gap. Text, because a bundler or compiler that touches it
// would leave names in it that an AudioWorklet does not know. Who talks to it: microphone.ts. Tested in Node as it stands.

export const CAPTURE_PROCESSOR = 'millrace-capture';

/** Milliseconds without a call after which time has stood still, though nobody said so: no sound card's buffer is as long. */
export const STALL_MS = 500;

/** To the processor: why nothing is to be let in ('' to open), that time has begun to stand still, or that it is over. */
export type CaptureOrder = { readonly shut: '' | GapWhy } | { readonly stood: true } | { readonly stop: true };

/**
 * muted: by `mute()`. device: there was none, or the system muted it. suspended: the page, its context or the machine stood
 * still (measured by the clock: right to some 10 ms). overrun: the reader was slower than the queue is long.
 */
export type GapWhy = 'muted' | 'device' | 'suspended' | 'overrun';

/** Rows [from, to) of the microphone's own count: in `rows`, [to - from, channels], or missing. */
export type CaptureReport =
  | { readonly from: number; readonly to: number; readonly rows: Float32Array }
  | { readonly from: number; readonly to: number; readonly why: GapWhy }
  | { readonly stopped: true };

/** `processorOptions`. */
export interface CaptureSizes {
  /** Of a chunk; the last one before a gap is shorter. */
  readonly rows: number;
  readonly channels: number;
}

/** For a page whose CSP forbids blob: URLs: serve this text as a JavaScript file and say where, as `workletUrl`. */
export const CAPTURE_WORKLET = `
// Nothing but zeros from a device that has just been opened is not sound yet; after half a second it is believed.
const WARM_ROWS = sampleRate / 2;

class Capture extends AudioWorkletProcessor {
  constructor({ processorOptions: { rows, channels } }) {
    super();
    this.size = rows;
    this.channels = channels;
    this.shut = '';
    this.stop = false;
    this.stood = false;
    this.at = 0;
    this.block = new Float32Array(rows * channels);
    this.filled = 0;
    this.missing = 0;
    this.why = '';
    this.frame = -1;
    this.clock = 0;
    this.warming = WARM_ROWS;
    this.port.onmessage = ({ data }) => {
      if (data.stop) this.end();
      else if (data.stood) this.stood = true;
      else {
        this.shut = data.shut;
        if (data.shut === 'device') this.warming = WARM_ROWS;
      }
    };
  }

  end() {
    this.stop = true;
    this.endBlock();
    this.endGap();
    this.port.postMessage({ stopped: true });
  }

  process([input], [output]) {
    if (this.stop) return false;
    const count = output[0].length;
    const frame = Number(currentFrame); // node-web-audio-api's is a BigInt
    const why = this.shut || (this.hears(input, count) ? '' : 'device');
    if (this.frame < 0 && why === 'device') return true; // time begins with the first sound
    const now = Date.now();
    if (this.frame >= 0) {
      const waited = now - this.clock;
      const lost = waited > (this.stood ? 0 : ${STALL_MS}) ? Math.round((waited * sampleRate) / 1000) : 0;
      const skipped = Math.max(lost, frame - this.frame);
      if (skipped > 0) this.skip(skipped, 'suspended');
    }
    this.stood = false;
    this.frame = frame + count;
    this.clock = now;
    if (why) this.skip(count, why);
    else this.take(input, count);
    return true;
  }

  hears(input, count) {
    if (input.length === 0) this.warming = WARM_ROWS;
    else if (this.warming > 0) this.warming = input[0].some((x) => x !== 0) ? 0 : this.warming - count;
    return this.warming <= 0;
  }

  take(input, count) {
    this.endGap();
    const { channels, size } = this;
    for (let at = 0; at < count; ) {
      const rows = Math.min(count - at, size - this.filled);
      for (let c = 0; c < channels; c++) {
        const samples = input[c] ?? input[0];
        for (let i = 0; i < rows; i++) this.block[(this.filled + i) * channels + c] = samples[at + i];
      }
      at += rows;
      this.filled += rows;
      if (this.filled === size) this.endBlock();
    }
  }

  skip(count, why) {
    this.endBlock();
    if (why !== this.why) this.endGap();
    this.why = why;
    this.missing += count;
    if (this.missing >= sampleRate) this.endGap(); // a word each second: the stream lives
  }

  endBlock() {
    if (this.filled === 0) return;
    const rows = this.block.slice(0, this.filled * this.channels);
    this.port.postMessage({ from: this.at, to: this.at + this.filled, rows }, [rows.buffer]);
    this.at += this.filled;
    this.filled = 0;
  }

  endGap() {
    if (this.missing === 0) return;
    this.port.postMessage({ from: this.at, to: this.at + this.missing, why: this.why });
    this.at += this.missing;
    this.missing = 0;
  }
}
registerProcessor('${CAPTURE_PROCESSOR}', Capture);
`;
