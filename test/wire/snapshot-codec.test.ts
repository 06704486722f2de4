import { describe, expect, it } from 'vitest';
import { decodeSnapshot, encodeSnapshot } from '../../src/wire/snapshot-codec.ts';
import { noise, seeded } from '../helpers/items.ts';
import { feed, openSession } from '../helpers/sessions.ts';
import { openTestPipeline } from '../server/test-pipelines.ts';

const format = { rateHz: 16_000, width: 1 };

describe('a snapshot as bytes', () => {
  it('lets another session go on to the same digest', async () => {
    const loaded = await openTestPipeline('energy', { leak: 0.5 });
    const rows = noise(5000, seeded(2));
    const whole = openSession(loaded, format);
    await feed(whole.session, rows, 1);
    const first = openSession(loaded, format);
    await feed(first.session, rows.subarray(0, 1234), 1);
    const bytes = encodeSnapshot(first.session.snapshot());
    const snapshot = decodeSnapshot(bytes);
    expect(snapshot).toEqual(first.session.snapshot());
    expect(encodeSnapshot(snapshot)).toEqual(bytes);
    const second = openSession(loaded, format, { snapshot });
    await feed(second.session, rows.subarray(1234), 1);
    expect(second.session.summary()).toEqual(whole.session.summary());
  });

  it('copies its slots out of the bytes', async () => {
    const { session } = openSession(await openTestPipeline('energy', {}), format);
    const bytes = Uint8Array.from(encodeSnapshot(session.snapshot()));
    const decoded = decodeSnapshot(bytes);
    bytes.fill(0xff);
    expect(decoded).toEqual(session.snapshot());
  });

  it('refuses other bytes', () => {
    expect(() => decodeSnapshot(Uint8Array.of(1, 2, 3))).toThrowError(/not a Snapshot/);
    expect(() => decodeSnapshot(new Uint8Array(0))).toThrowError(/format of its source/);
  });
});
