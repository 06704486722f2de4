import { describe, expect, it } from 'vitest';
import { type ByteSource, readSafetensors } from './read-safetensors.ts';

/** A source that makes its bytes up: large files without a file. */
function sourceOf(head: Uint8Array, bytes: number, byteAt: (offset: number) => number) {
  let largest = 0;
  const source: ByteSource = {
    bytes,
    async read(offset, into) {
      largest = Math.max(largest, into.length);
      for (let i = 0; i < into.length; i++) into[i] = offset + i < head.length ? head[offset + i]! : byteAt(offset + i);
    },
  };
  return { source, largest: () => largest };
}

function headOf(header: object): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(header));
  const head = new Uint8Array(8 + json.length);
  new DataView(head.buffer).setUint32(0, json.length, true);
  head.set(json, 8);
  return head;
}

describe('readSafetensors', () => {
  it.each([
    ['F32', 4],
    ['BF16', 2],
    ['F16', 2],
    ['F64', 8],
  ])('reads %s that is longer than a piece without a seam', async (dtype, width) => {
    const count = Math.ceil((16 * 1024 * 1024) / width) + 3;
    const head = headOf({ w: { dtype, shape: [count], data_offsets: [0, count * width] } });
    // Every element is a power of two or zero in all four: one byte of its exponent, by position.
    const at = (offset: number): number => {
      const place = offset - head.length;
      return place % width === width - 1 ? (Math.floor(place / width) % 3 === 0 ? 0x3c : 0) : 0;
    };
    const { source, largest } = sourceOf(head, head.length + count * width, at);
    const { data } = (await readSafetensors(source)).get('w')!;
    expect(data.length).toBe(count);
    const [first, zero] = [data[0]!, data[1]!];
    expect(first).toBeGreaterThan(0);
    expect(zero).toBe(0);
    expect(data.every((value, i) => value === (i % 3 === 0 ? first : zero))).toBe(true);
    expect(largest()).toBeLessThanOrEqual(16 * 1024 * 1024);
  });

  it('allocates nothing for a header that promises more than the file has', async () => {
    const head = headOf({ w: { dtype: 'F32', shape: [2 ** 40], data_offsets: [0, 2 ** 42] } });
    const { source, largest } = sourceOf(head, head.length + 100, () => 0);
    await expect(readSafetensors(source)).rejects.toMatchObject({ code: 'ERR_WEIGHTS_MISSING' });
    expect(largest()).toBeLessThan(200);
  });

  it('wants exactly the tensors that an index lists', async () => {
    const head = headOf({ a: { dtype: 'F32', shape: [1], data_offsets: [0, 4] } });
    const { source } = sourceOf(head, head.length + 4, () => 0);
    const list = (...names: string[]) => readSafetensors(source, undefined, new Set(names));
    expect([...(await list('a')).keys()]).toEqual(['a']);
    await expect(list('a', 'b')).rejects.toMatchObject({ code: 'ERR_WEIGHTS_MISSING', message: /tensor b/ });
    await expect(list()).rejects.toMatchObject({ code: 'ERR_CONFIG_INVALID', message: /tensor a/ });
  });
});
