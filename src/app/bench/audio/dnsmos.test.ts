// The windows and the calibration around the network; the network itself is no part of this package.

import { expect, it } from 'vitest';
import { opinionOf } from './dnsmos.ts';

const SECOND = 16_000;
const ramp = (seconds: number) => Float32Array.from({ length: seconds * SECOND }, (_, i) => i);

async function windowsOf(samples: Float32Array) {
  const windows: { from: number; rows: number }[] = [];
  await opinionOf(samples, async (window) => {
    windows.push({ from: window[0]!, rows: window.length });
    return [3, 3, 3];
  });
  return windows;
}

it('scores 9.01 s, a second apart, as many as the whole seconds hold', async () => {
  expect(await windowsOf(ramp(12))).toEqual([0, 1, 2].map((second) => ({ from: second * SECOND, rows: 144_160 })));
  expect(await windowsOf(ramp(9.5))).toEqual([{ from: 0, rows: 144_160 }]);
});

it('doubles what is too short until it fills a window', async () => {
  const windows = await windowsOf(ramp(6.5)); // 13 s, which hold four
  expect(windows).toHaveLength(4);
  expect(windows.every(({ rows }) => rows === 144_160)).toBe(true);
  expect(await windowsOf(ramp(1))).toHaveLength(7); // 16 s
});

it('calibrates each raw score by its polynomial and takes the mean', async () => {
  let call = 0;
  const opinion = await opinionOf(ramp(11), async () => (call++ === 0 ? [3, 4, 3] : [4, 4, 3]));
  const sig = [-0.08397278 * 9 + 1.22083953 * 3 + 0.0052439, -0.08397278 * 16 + 1.22083953 * 4 + 0.0052439];
  expect(call).toBe(2);
  expect(opinion.sig).toBeCloseTo((sig[0]! + sig[1]!) / 2, 12);
  expect(opinion.bak).toBeCloseTo(-0.13166888 * 16 + 1.60915514 * 4 - 0.39604546, 12);
  expect(opinion.ovrl).toBeCloseTo(-0.06766283 * 9 + 1.11546468 * 3 + 0.04602535, 12);
});
