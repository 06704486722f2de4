import { describe, expect, it } from 'vitest';
import { type AudioPicture, drawAudioPicture } from './draw-audio-picture.ts';
import { drawSensorPicture, type SensorPicture } from './draw-sensor-picture.ts';
import { formatMs } from './latency-strip.ts';
import { quantile, thinLine, thinSpans } from './thin.ts';

const BYTES_MAX = 300_000;
const wave = (i: number) => Math.sin(i * 0.7) * Math.sin(i * 0.0013);

function audioPicture(seconds: number): AudioPicture {
  const rateHz = 16_000;
  const hops = Array.from({ length: seconds * 100 }, (_, i) => i / 100);
  return {
    title: 'Speech <in> noise & more',
    rateHz,
    samples: Float32Array.from({ length: seconds * rateHz }, (_, i) => wave(i)),
    speech: { name: 'mamba2', seconds: hops, p: hops.map((t) => 0.5 + 0.5 * wave(t * 100)) },
    twin: { name: 'attention', seconds: hops, p: hops.map((t) => 0.5 - 0.5 * wave(t * 100)) },
    detected: [
      [0.5, 1.25],
      [2, seconds + 1],
    ],
    truth: [[0.4, 1.5]],
    latency: { x: hops, ms: hops.map((t) => 0.05 + 0.02 * wave(t * 100)) },
  };
}

function sensorPicture(rows: number, hole: readonly [number, number]): SensorPicture {
  const at = Array.from({ length: rows }, (_, i) => i);
  const inHole = (i: number) => i >= hole[0] && i < hole[1];
  const mean = at.map((i) => (i < 5 ? Number.NaN : 20 + wave(i)));
  return {
    title: 'Seattle',
    quantity: 'temp_max, °C',
    times: at.map((i) => Date.UTC(2012, 0, 1) + i * 86_400_000),
    timeUnit: 'date',
    values: at.map((i) => (inHole(i) ? Number.NaN : 20 + 3 * wave(i))),
    forecast: { rowsAhead: 3, mean, lower: mean.map((m) => m - 2), upper: mean.map((m) => m + 2) },
    anomaly: at.map((i) => (inHole(i) ? Number.NaN : i % 20 === 7 ? 1.5 : 0.3)),
    latency: { x: at.map((i) => Date.UTC(2012, 0, 1) + i * 86_400_000), ms: at.map((i) => 2 + wave(i)) },
  };
}

/** Every tag closes in order, and no bare & or < is left in texts: as much XML as an SVG reader insists on. */
function expectWellFormed(svg: string): void {
  const open: string[] = [];
  for (const [, close, name, self] of svg.matchAll(/<(\/?)([a-zA-Z]+)(?:\s[^<>]*?)?(\/?)>/g)) {
    if (close) expect(open.pop()).toBe(name);
    else if (!self) open.push(name!);
  }
  expect(open).toEqual([]);
  expect(svg.replace(/<\/?[a-zA-Z]+(?:\s[^<>]*)?>/g, '')).not.toMatch(/[<>]|&(?!amp;|lt;|gt;|quot;|#)/);
  expect(svg).not.toMatch(/NaN|undefined|Infinity/);
}

const textsOf = (svg: string) => [...svg.matchAll(/<text[^>]*>([^<]*)</g)].map((match) => match[1]);

describe('the audio picture', () => {
  it('is an SVG that says what it shows, the same each time', async () => {
    const svg = await drawAudioPicture(audioPicture(4));
    expectWellFormed(svg);
    expect(svg).toContain('width="960" height="540"');
    expect(textsOf(svg)).toEqual(
      expect.arrayContaining(['Speech &lt;in&gt; noise &amp; more', 'mamba2', 'attention', 'found', 'true', 'seconds']),
    );
    expect(textsOf(svg).some((text) => /2 speech segments in 4\.0 s.*p50 50 µs, p99 /.test(text!))).toBe(true);
    expect(await drawAudioPicture(audioPicture(4))).toBe(svg);
  });

  it('of ten minutes is as small as one of seconds', async () => {
    const svg = await drawAudioPicture(audioPicture(600));
    expectWellFormed(svg);
    expect(svg.length).toBeLessThan(BYTES_MAX);
  });

  it('of nothing is still a picture', async () => {
    const none = { seconds: [], p: [], name: 'none' };
    const svg = await drawAudioPicture({
      title: 'silence',
      rateHz: 16_000,
      samples: new Float32Array(0),
      speech: none,
      detected: [],
      latency: { x: [], ms: [] },
    });
    expectWellFormed(svg);
    expect(textsOf(svg)).toContain('not measured');
  });
});

describe('the sensor picture', () => {
  const circles = (svg: string) => svg.split('stroke="#c8402f" stroke-width="1.75"').length - 1;
  const holes = (svg: string) => svg.split('fill="#efece2"').length - 1;

  it('marks each anomaly and shades each hole', async () => {
    const svg = await drawSensorPicture(sensorPicture(200, [50, 61])); // rows 7, 27, .. 187 less none in the hole
    expectWellFormed(svg);
    expect(circles(svg)).toBe(10);
    expect(holes(svg)).toBe(1);
    expect(holes(await drawSensorPicture(sensorPicture(200, [0, 0])))).toBe(0);
    expect(textsOf(svg)).toEqual(expect.arrayContaining(['Seattle', 'temp_max, °C', 'anomaly score', 'p50 2 ms']));
    expect(textsOf(svg).some((text) => text!.includes('forecast 3 rows ahead'))).toBe(true);
    expect(await drawSensorPicture(sensorPicture(200, [50, 61]))).toBe(svg);
  });

  it('shades a jump in time, too', async () => {
    const picture = sensorPicture(100, [0, 0]);
    const times = Array.from(picture.times, (t, i) => t + (i < 40 ? 0 : 10 * 86_400_000));
    expect(holes(await drawSensorPicture({ ...picture, times }))).toBe(1);
  });

  it('of a hundred thousand rows stays small, and one all of holes is still a picture', async () => {
    const svg = await drawSensorPicture(sensorPicture(100_000, [5000, 9000]));
    expectWellFormed(svg);
    expect(svg.length).toBeLessThan(BYTES_MAX);
    expectWellFormed(await drawSensorPicture(sensorPicture(50, [0, 50])));
    expectWellFormed(await drawSensorPicture(sensorPicture(1, [0, 0])));
  });
});

describe('thinning', () => {
  it('keeps every peak and every hole, in order', () => {
    const y = Array.from({ length: 1000 }, (_, i) =>
      i === 503 ? 9 : i === 507 ? -9 : i >= 700 && i < 800 ? Number.NaN : 0,
    );
    const x = y.map((_, i) => i);
    const thin = thinLine(x, y, 20);
    expect(thin.length).toBeLessThanOrEqual(40);
    expect(thin.filter((p) => Math.abs(p.y) === 9)).toEqual([
      { x: 503, y: 9 },
      { x: 507, y: -9 },
    ]);
    expect(thin.filter((p) => Number.isNaN(p.y)).map((p) => p.x)).toEqual([700, 750]);
    expect(thinSpans(y, 20)[10]).toEqual({ row: 500, low: -9, mid: 0, high: 9 });
    expect(thinLine([0, 1], [5, 6], 20)).toEqual([
      { x: 0, y: 5 },
      { x: 1, y: 6 },
    ]);
  });

  it('quantiles skip what is missing; times read as a person would write them', () => {
    expect(quantile([3, Number.NaN, 1, 2], 0.5)).toBe(2);
    expect(quantile([], 0.5)).toBeNaN();
    expect([0.0384, 0.214, 3.12, 42.4, 250, 1234].map(formatMs)).toEqual([
      '38 µs',
      '0.21 ms',
      '3.1 ms',
      '42 ms',
      '250 ms',
      '1.2 s',
    ]);
  });
});
