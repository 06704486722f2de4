// The text that runs on a page's audio thread, run here: as a class with a clock and frames of the test's own, and by the
// AudioWorklet of node-web-audio-api.

import { describe, expect, it } from 'vitest';
import {
  CAPTURE_PROCESSOR,
  CAPTURE_WORKLET,
  type CaptureOrder,
  type CaptureReport,
  type CaptureSizes,
} from '../../src/client/microphone/capture-worklet.ts';
import { loadAudioSystem } from '../../src/transport/audio/audio-system.ts';
import { loadWorklet } from '../helpers/sound-graph.ts';

type Piece = Exclude<CaptureReport, { readonly stopped: true }>;

/** The processor at 48 kHz, 128 frames a call. */
function capture(sizes: CaptureSizes) {
  const reports: CaptureReport[] = [];
  const port = {
    onmessage: null as unknown as (event: { data: CaptureOrder }) => void,
    postMessage: (report: unknown) => void reports.push(report as CaptureReport),
  };
  const scope = { currentFrame: 0, ms: 0 };
  const Capture = loadWorklet(CAPTURE_WORKLET, 48_000, scope, () => port);
  const processor = new Capture({ processorOptions: sizes });
  let next = 1;
  return {
    reports,
    scope,
    order: (data: CaptureOrder) => port.onmessage({ data }),
    /** Calls with input of so many channels (0: nothing is connected): rows count up from 1. */
    run(calls: number, channels = 1, value?: number): boolean {
      let lives = true;
      for (let i = 0; i < calls; i++) {
        const samples = Float32Array.from({ length: 128 }, (_, k) => value ?? next + k);
        if (channels > 0 && value === undefined) next += 128;
        const input = Array.from({ length: channels }, (_, c) => samples.map((x) => x + c / 2));
        lives = processor.process([input], [[new Float32Array(128)]]);
        scope.currentFrame += 128;
        scope.ms += 128 / 48;
      }
      return lives;
    },
    pieces: () => reports.filter((report): report is Piece => !('stopped' in report)),
  };
}
const spans = (pieces: readonly Piece[]) =>
  pieces.map((piece) => [piece.from, piece.to, 'why' in piece ? piece.why : piece.rows.length]);
const ROWS_10_MS = { rows: 480, channels: 1 };

describe('the capture processor', () => {
  it('cuts quanta into chunks of its own size, every row once', () => {
    const { run, pieces } = capture(ROWS_10_MS);
    run(30); // 3840 rows
    expect(spans(pieces())).toEqual([0, 1, 2, 3, 4, 5, 6, 7].map((k) => [480 * k, 480 * k + 480, 480]));
    const rows = pieces().flatMap((piece) => ('rows' in piece ? [...piece.rows] : []));
    expect(rows).toEqual(Array.from({ length: 3840 }, (_, i) => i + 1));
  });

  it('interleaves channels, and gives one twice where the device has but one', () => {
    const { run, pieces } = capture({ rows: 128, channels: 2 });
    run(1, 2);
    run(1, 1);
    const [both, one] = pieces().map((piece) => ('rows' in piece ? [...piece.rows.subarray(0, 4)] : []));
    expect(both).toEqual([1, 1.5, 2, 2.5]);
    expect(one).toEqual([129, 129, 130, 130]);
  });

  it('begins with the first sound: neither waiting for a device nor its first zeros are time', () => {
    const { run, pieces } = capture(ROWS_10_MS);
    run(100, 0);
    run(20, 1, 0);
    run(4);
    expect(spans(pieces())).toEqual([[0, 480, 480]]);
  });

  it('believes a device that gives nothing but zeros after half a second', () => {
    const { run, pieces } = capture({ rows: 128, channels: 1 });
    run(188, 1, 0); // 24,064 rows
    expect(spans(pieces())).toEqual([[0, 128, 128]]);
  });

  it('counts a muted stretch as a gap, to the quantum, with a word each second', () => {
    const { run, order, pieces } = capture(ROWS_10_MS);
    run(5); // 640 rows
    order({ shut: 'muted' });
    run(600); // 76,800 rows, 1.6 s
    order({ shut: '' });
    run(4);
    expect(spans(pieces())).toEqual([
      [0, 480, 480],
      [480, 640, 160],
      [640, 48_640, 'muted'],
      [48_640, 77_440, 'muted'],
      [77_440, 77_920, 480],
    ]);
    expect(run(1, 1, 0)).toBe(true); // zeros amid sound are sound: nothing was opened
    expect(pieces()).toHaveLength(5);
  });

  it('tells one reason from the next: muted, then without a device, then one that warms up', () => {
    const { run, order, pieces } = capture({ rows: 128, channels: 1 });
    run(1);
    order({ shut: 'muted' });
    run(2);
    order({ shut: '' });
    run(3, 0);
    run(2, 1, 0);
    run(1);
    expect(spans(pieces())).toEqual([
      [0, 128, 128],
      [128, 384, 'muted'],
      [384, 1024, 'device'],
      [1024, 1152, 128],
    ]);
  });

  it('declares time in which it was not called, by the clock, and frames that were left out', () => {
    const { run, scope, pieces } = capture(ROWS_10_MS);
    run(5);
    scope.ms += 2000; // a machine that slept: frames go on where they were
    run(5);
    scope.currentFrame += 512;
    run(5);
    scope.ms += 400; // shorter than a stall: a large buffer
    run(1);
    const [, , gap] = spans(pieces());
    expect(gap![0]).toBe(640);
    expect(gap![2]).toBe('suspended');
    expect((gap![1] as number) - 640).toBeGreaterThan(96_000);
    expect((gap![1] as number) - 640).toBeLessThan(96_300);
    const gaps = pieces().filter((piece) => 'why' in piece);
    expect(gaps.map(({ from, to }) => to - from).slice(1)).toEqual([512]);
    let at = 0;
    for (const { from, to } of pieces()) {
      expect(from).toBe(at);
      at = to;
    }
  });

  it('declares the shortest standstill of which it was told', () => {
    const { run, scope, order, pieces } = capture(ROWS_10_MS);
    run(5);
    order({ stood: true });
    scope.ms += 100;
    run(5);
    const [, , gap] = pieces();
    expect(gap).toMatchObject({ from: 640, why: 'suspended' });
    expect(Math.abs(gap!.to - 640 - 4800)).toBeLessThanOrEqual(128);
    scope.ms += 100; // and no other
    run(5);
    expect(pieces().filter((piece) => 'why' in piece)).toHaveLength(1);
  });

  it('says what it holds when it is stopped, also when time stands still, and is run no more', () => {
    const { run, order, reports } = capture(ROWS_10_MS);
    run(2);
    order({ stop: true });
    expect(reports).toMatchObject([{ from: 0, to: 256 }, { stopped: true }]);
    expect(run(1)).toBe(false);
    expect(reports).toHaveLength(2);
  });

  it('runs in a real AudioWorklet, on a thread of its own', async () => {
    const { AudioContext, AudioWorkletNode } = await loadAudioSystem();
    const context = new AudioContext({ sampleRate: 16_000, sinkId: { type: 'none' } } as AudioContextOptions);
    const url = URL.createObjectURL(new Blob([CAPTURE_WORKLET]));
    await context.audioWorklet.addModule(url);
    const node = new AudioWorkletNode(context, CAPTURE_PROCESSOR, {
      channelCount: 1,
      channelCountMode: 'explicit',
      processorOptions: { rows: 160, channels: 1 },
    });
    const source = context.createConstantSource();
    source.offset.value = 0.5;
    source.connect(node);
    source.start();
    node.connect(context.destination);
    let at = 0;
    let heard = 0;
    await new Promise<void>((resolve, reject) => {
      node.onprocessorerror = () => reject(new Error('the processor failed'));
      node.port.onmessage = ({ data }: MessageEvent<CaptureReport>) => {
        if ('stopped' in data) return resolve();
        if (!('from' in data)) return;
        expect(data.from).toBe(at); // a busy machine leaves frames out: they are declared
        at = data.to;
        if (!('rows' in data)) return;
        expect(data.rows.every((x) => x === 0.5)).toBe(true);
        if (++heard === 3) node.port.postMessage({ stop: true });
      };
    });
    expect(heard).toBeGreaterThanOrEqual(3);
    await context.close();
  });
});
