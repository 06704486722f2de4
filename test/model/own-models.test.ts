// inspect and verify on the models that this package ships.

import { describe, expect, it } from 'vitest';
import { millrace } from '../helpers/command.ts';

describe.each([
  ['vad-ssm', '23.0 kB'],
  ['vad-attention', '117.6 kB'],
])('%s', (name, state) => {
  it('is inspected: parameters, state, work', async () => {
    const { out, code } = await millrace(['inspect', `models/${name}`]);
    expect(code).toBe(0);
    expect(out).toContain('rows of 40 in, 1 out');
    expect(out).toContain(`state of a stream  ${state}`);
    const report = JSON.parse((await millrace(['inspect', `models/${name}`, '--json'])).out);
    expect(report.parameters).toBeGreaterThan(51_000);
    expect(report.flopsPerStep).toBeGreaterThan(2 * 40_000);
  });

  it('is verified against the training code, and fails a tolerance that nobody can keep', async () => {
    const { out, code } = await millrace(['verify', `models/${name}`]);
    expect(out).toMatch(/step\/output .* ok[\s\S]*all within 1e-5/);
    expect(code).toBe(0);
    expect((await millrace(['verify', `models/${name}`, '--tolerance', '1e-12'])).code).toBe(1);
  });
});
