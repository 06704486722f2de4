// Runs the laws of src/cell/laws.ts over every cell kind there is: a new folder under src/cell is tested by existing.

import { describe, expect, it } from 'vitest';
import * as laws from '../../src/cell/laws.ts';
import * as lawsAsync from '../../src/cell/laws-async.ts';
import * as lawsForms from '../../src/cell/laws-forms.ts';
import { doors, heapUsed } from '../helpers/cell-doors.ts';

describe('the public door of every cell kind', () => {
  it.each(doors)('%s exports its factory and a sample', (kind, door) => {
    const factory = `${kind.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())}Cell`;
    expect(door[factory]).toBeTypeOf('function');
    expect(door.sampleCell ?? door.sampleAsyncCell).toBeTypeOf('function');
  });
});

describe.each(doors.filter(([, door]) => door.sampleCell))('the %s cell', (_kind, door) => {
  const samples = [1, 2, 3].map((seed) => ({
    make: () => door.sampleCell!(seed),
    ...(door.naiveScan && { naive: (x: Float32Array, rows: number) => door.naiveScan!(seed, x, rows) }),
  }));
  const forAll = (law: (sample: laws.Sample) => void) => () => {
    for (const sample of samples) law(sample);
  };

  it('starts alike in any arena', forAll(laws.startable));
  it('gives the same bytes for any chunking', forAll(laws.chunking));
  it('sees nothing of the future', forAll(laws.causal));
  it('forgets what lies beyond its context', forAll(laws.forgetting));
  it('keeps streams apart', forAll(laws.isolated));
  it('keeps its state size and allocates nothing', () => laws.constant(samples[0]!, heapUsed));
  it('continues from a snapshot to the bit', forAll(laws.resumable));
  it('stays finite over a million rows', () => laws.finite(samples[0]!, 1_000_000), 600_000);
  it('agrees with its slow twin', forAll(laws.faithful));
  it('skips in parts as it skips at once', forAll(laws.skippable));
  it('gives the rows and the end state of its steps in every other form', forAll(lawsForms.forms));
  it('takes a row on time as a step', forAll(lawsForms.irregular));
});

describe.each(doors.filter(([, door]) => door.sampleAsyncCell))('the %s cell, asynchronous', (_kind, door) => {
  const sample = { make: () => door.sampleAsyncCell!(1) };

  it('sees nothing of the future', () => lawsAsync.causalAsync(sample));
  it('keeps streams apart', () => lawsAsync.isolatedAsync(sample));
  it('continues from a snapshot to the bit', () => lawsAsync.resumableAsync(sample));
  it('stays finite over 3,000 rows', () => lawsAsync.finiteAsync(sample, 3_000));
});
