// Thousands of damaged files, from a seed: whatever the damage, reading ends with tensors or with a coded error, never asks
// for more bytes than the file has, and the reader in memory and the one by pieces agree.

import { expect, it } from 'vitest';
import { EngineError, engineError } from '../base/errors.ts';
import { type ByteSource, readSafetensors } from './read-safetensors.ts';
import { parseSafetensors } from './safetensors.ts';

const CASES = 6000;
const CODES = new Set(['ERR_CONFIG_INVALID', 'ERR_WEIGHTS_MISSING']);

/** Uniform whole numbers below n, from a seed (xorshift32). */
function dice(seed: number): (n: number) => number {
  let state = seed * 2654435761 || 1;
  return (n) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % n;
  };
}

type Entry = { dtype: unknown; shape: unknown; data_offsets: unknown };
const healthy = (): Record<string, Entry> => ({
  'layers.0.weight': { dtype: 'F32', shape: [3, 4], data_offsets: [0, 48] },
  'layers.0.half': { dtype: 'F16', shape: [5], data_offsets: [48, 58] },
  'layers.1.brain': { dtype: 'BF16', shape: [2, 2], data_offsets: [58, 66] },
  'layers.1.wide': { dtype: 'F64', shape: [2], data_offsets: [66, 82] },
  position_ids: { dtype: 'I64', shape: [1, 2], data_offsets: [82, 98] },
});
const DATA_BYTES = 98;

function frame(json: string, data: Uint8Array, length?: bigint): Uint8Array {
  const text = new TextEncoder().encode(json);
  const file = new Uint8Array(8 + text.length + data.length);
  new DataView(file.buffer).setBigUint64(0, length ?? BigInt(text.length), true);
  file.set(text, 8);
  file.set(data, 8 + text.length);
  return file;
}

const HUGE = [1e9, 2 ** 31, 2 ** 32, 2 ** 40, Number.MAX_SAFE_INTEGER, 1e300, -1, -(2 ** 33), 0.5, 0];
const ODD = [null, true, 'F32', '', [], {}, [[[]]], NaN, ...HUGE];
const DTYPES = ['F32', 'F16', 'BF16', 'F64', 'I64', 'I32', 'I8', 'Q4', 'f32', 'constructor', '__proto__', 7, null];

function mutate(roll: (n: number) => number): Uint8Array {
  const header = healthy();
  const data = Uint8Array.from({ length: DATA_BYTES }, () => roll(256));
  const of = <T>(list: readonly T[]): T => list[roll(list.length)]!;
  const entry = of(Object.values(header));
  const offsets = entry.data_offsets as number[];
  const whole = (): Uint8Array => frame(JSON.stringify(header), data);
  switch (roll(13)) {
    case 0: // cut anywhere
      return whole().subarray(0, roll(whole().length));
    case 1: // a length that lies
      return frame(
        JSON.stringify(header),
        data,
        of([0n, 1n, 7n, 99_999_999n, 100_000_001n, 2n ** 32n, 2n ** 63n, 2n ** 64n - 1n]),
      );
    case 2: // some other length nearby
      return frame(JSON.stringify(header), data, BigInt(roll(2000)));
    case 3: // offsets somewhere else
      offsets[roll(2)] = of([roll(200), ...HUGE]);
      return whole();
    case 4: // an overlap, or a hole: everything of one moved
      entry.data_offsets = offsets.map((at) => at + roll(40) - 20);
      return whole();
    case 5:
      entry.dtype = of(DTYPES);
      return whole();
    case 6: // a huge or absurd size
      entry.shape = [of(HUGE), of(HUGE), of([0, 1, 3, 2 ** 53])];
      return whole();
    case 7:
      entry.shape = of(ODD);
      return whole();
    case 8:
      entry.data_offsets = of(ODD);
      return whole();
    case 9: // not JSON: a byte of the header changed
      return damage(whole(), roll, whole().length - DATA_BYTES);
    case 10: // any byte of the file, several times
      return damage(damage(damage(whole(), roll), roll), roll);
    case 11: // numbers: harmless
      data.set([roll(256)], roll(DATA_BYTES));
      return whole();
    default: // nested deeply, or no object at all
      return frame(
        of([
          `{"w":{"dtype":${'['.repeat(30_000)}${']'.repeat(30_000)}}}`,
          '[]',
          'null',
          '',
          '{',
          `"${'x'.repeat(9999)}"`,
        ]),
        data,
      );
  }
}

function damage(file: Uint8Array, roll: (n: number) => number, end = file.length): Uint8Array {
  file[roll(end)] = roll(256);
  return file;
}

it(`survives ${CASES} damaged files`, async () => {
  let read = 0;
  let refused = 0;
  for (let seed = 1; seed <= CASES; seed++) {
    const file = mutate(dice(seed));
    let asked = 0;
    const source: ByteSource = {
      bytes: file.length,
      async read(offset, into) {
        asked += into.length;
        if (offset + into.length > file.length) throw engineError('ERR_INVARIANT', 'read past the end');
        into.set(file.subarray(offset, offset + into.length));
      },
    };
    const hashed: number[] = [];
    const pieces = await outcome(async () => readSafetensors(source, (piece) => hashed.push(...piece)));
    const memory = await outcome(async () => parseSafetensors(file));
    expect(asked, `seed ${seed}`).toBeLessThanOrEqual(file.length);
    if (memory instanceof EngineError || pieces instanceof EngineError) {
      expect(
        [pieces, memory].map((error) => (error as EngineError).code),
        `seed ${seed}`,
      ).toEqual([expect.toSatisfy((code: string) => CODES.has(code)), (pieces as EngineError).code]);
      expect((memory as EngineError).message.length + String((memory as EngineError).expected).length).toBeLessThan(
        600,
      );
      refused++;
      continue;
    }
    read++;
    expect(Buffer.from(hashed).equals(file), `seed ${seed}`).toBe(true);
    for (const [name, { shape, data }] of memory) {
      if (data instanceof BigInt64Array || data instanceof Int32Array) expect(pieces.has(name)).toBe(false);
      else expect(pieces.get(name)).toEqual({ shape, data: Float32Array.from(data) });
    }
  }
  // Both ends were met: harmless damage and the rest.
  expect(read).toBeGreaterThan(CASES / 20);
  expect(refused).toBeGreaterThan(CASES / 2);
});

async function outcome<T>(run: () => Promise<T>): Promise<T | EngineError> {
  try {
    return await run();
  } catch (error) {
    // Anything without a code is a crash.
    if (error instanceof EngineError) return error;
    throw error;
  }
}
