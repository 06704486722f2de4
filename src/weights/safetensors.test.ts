import { describe, expect, it } from 'vitest';
import { parseSafetensors, type RawTensor } from './safetensors.ts';

interface Part {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

const bytesOf = (array: ArrayBufferView): Uint8Array =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength).slice();

function frame(header: string, data: Uint8Array = new Uint8Array(0)): Uint8Array {
  const text = new TextEncoder().encode(header);
  const file = new Uint8Array(8 + text.length + data.length);
  new DataView(file.buffer).setUint32(0, text.length, true);
  file.set(text, 8);
  file.set(data, 8 + text.length);
  return file;
}

function fileOf(parts: readonly Part[]): Uint8Array {
  let at = 0;
  const header: Record<string, unknown> = { __metadata__: { format: 'pt' } };
  for (const { name, dtype, shape, bytes } of parts) {
    header[name] = { dtype, shape, data_offsets: [at, at + bytes.length] };
    at += bytes.length;
  }
  const data = new Uint8Array(at);
  at = 0;
  for (const { bytes } of parts) {
    data.set(bytes, at);
    at += bytes.length;
  }
  return frame(JSON.stringify(header), data);
}

const read = (file: Uint8Array, name: string): RawTensor => parseSafetensors(file).get(name)!;
const codeOf = (file: Uint8Array): string => {
  try {
    parseSafetensors(file);
  } catch (error) {
    return (error as { code: string }).code;
  }
  return 'none';
};
const one = (entry: unknown, dataBytes = 8): Uint8Array =>
  frame(JSON.stringify({ w: entry }), new Uint8Array(dataBytes));

describe('parseSafetensors', () => {
  it('keeps float32, float64 and the integers (int8 as int32)', () => {
    const file = fileOf([
      { name: 'a', dtype: 'F32', shape: [2, 1], bytes: bytesOf(Float32Array.of(1.5, -0.1)) },
      { name: 'b', dtype: 'F64', shape: [1], bytes: bytesOf(Float64Array.of(Math.PI)) },
      { name: 'c', dtype: 'I64', shape: [1], bytes: bytesOf(BigInt64Array.of(-(2n ** 62n))) },
      { name: 'd', dtype: 'I32', shape: [], bytes: bytesOf(Int32Array.of(-7)) },
      { name: 'e', dtype: 'I8', shape: [2], bytes: bytesOf(Int8Array.of(-128, 127)) },
    ]);
    expect(read(file, 'a')).toEqual({ dtype: 'F32', shape: [2, 1], data: Float32Array.of(1.5, -0.1) });
    expect(read(file, 'b').data).toEqual(Float64Array.of(Math.PI));
    expect(read(file, 'c').data).toEqual(BigInt64Array.of(-(2n ** 62n)));
    expect(read(file, 'd')).toEqual({ dtype: 'I32', shape: [], data: Int32Array.of(-7) });
    expect(read(file, 'e').data).toEqual(Int32Array.of(-128, 127));
    expect([...parseSafetensors(file).keys()]).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it('widens float16 exactly, subnormals and infinities included', () => {
    const halves = Uint16Array.of(0x3c00, 0xc000, 0x3555, 0x0001, 0x03ff, 0x0400, 0x7bff, 0x8000, 0xfc00, 0x7e00);
    const data = read(fileOf([{ name: 'h', dtype: 'F16', shape: [10], bytes: bytesOf(halves) }]), 'h').data;
    const expected = [1, -2, 0.333251953125, 2 ** -24, 1023 * 2 ** -24, 2 ** -14, 65504, -0, -Infinity, NaN];
    expect([...(data as Float32Array)]).toEqual(expected);
  });

  it('widens bfloat16 exactly', () => {
    const halves = Uint16Array.of(0x3f80, 0xc049, 0x7f80, 0x0001);
    const data = read(fileOf([{ name: 'h', dtype: 'BF16', shape: [4], bytes: bytesOf(halves) }]), 'h').data;
    expect([...(data as Float32Array)]).toEqual([1, -3.140625, Infinity, 2 ** -133]);
  });

  it('reads tensors that are not aligned, from a buffer that is not aligned', () => {
    const file = fileOf([
      { name: 'half', dtype: 'F16', shape: [1], bytes: bytesOf(Uint16Array.of(0x3c00)) },
      { name: 'wide', dtype: 'F64', shape: [2], bytes: bytesOf(Float64Array.of(1 / 3, -9)) },
    ]);
    for (let shift = 0; shift < 8; shift++) {
      const shifted = new Uint8Array(file.length + shift);
      shifted.set(file, shift);
      expect(read(shifted.subarray(shift), 'wide').data).toEqual(Float64Array.of(1 / 3, -9));
    }
  });

  it('reads a Node Buffer, whose slice is a view of a larger pool', () => {
    const file = fileOf([{ name: 'w', dtype: 'F64', shape: [1], bytes: bytesOf(Float64Array.of(1 / 3)) }]);
    const pooled = Buffer.concat([Buffer.alloc(3), file]).subarray(3);
    const { data } = read(pooled, 'w');
    expect(data).toEqual(Float64Array.of(1 / 3));
    expect(data.buffer.byteLength).toBe(8);
  });

  it('hands out copies: the file may change afterwards', () => {
    const file = fileOf([{ name: 'w', dtype: 'F32', shape: [1], bytes: bytesOf(Float32Array.of(3)) }]);
    const { data } = read(file, 'w');
    file.fill(0);
    expect(data).toEqual(Float32Array.of(3));
  });

  it('reads an empty file of no tensors and a tensor of no elements', () => {
    expect(parseSafetensors(frame('{}')).size).toBe(0);
    expect(read(one({ dtype: 'F32', shape: [0, 4], data_offsets: [0, 0] }, 0), 'w').data.length).toBe(0);
  });

  it('takes a tensor named __proto__ as a name like any other', () => {
    const file = frame('{"__proto__":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', new Uint8Array(4));
    expect(read(file, '__proto__').shape).toEqual([1]);
  });

  it('says which bytes are missing when the file is cut anywhere', () => {
    const file = fileOf([{ name: 'w', dtype: 'F32', shape: [2], bytes: bytesOf(Float32Array.of(1, 2)) }]);
    for (let length = 0; length < file.length; length++) {
      expect(codeOf(file.subarray(0, length))).toBe('ERR_WEIGHTS_MISSING');
    }
  });

  it.each<[string, Uint8Array]>([
    ['a header length beyond any file', Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 255, 0)],
    ['a header that is not JSON', frame('{"w":')],
    ['a header that is not UTF-8', Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0, 0xff)],
    ['a header that is a list', frame('[]')],
    ['an entry that is no object', one(7)],
    ['an unknown dtype', one({ dtype: 'Q4', shape: [2], data_offsets: [0, 8] })],
    ['a dtype that is an object method', one({ dtype: 'toString', shape: [2], data_offsets: [0, 8] })],
    ['a shape with a fraction', one({ dtype: 'F32', shape: [0.5, 4], data_offsets: [0, 8] })],
    ['a negative size', one({ dtype: 'F32', shape: [-1, -2], data_offsets: [0, 8] })],
    ['no shape', one({ dtype: 'F32', data_offsets: [0, 8] })],
    ['offsets that go backwards', one({ dtype: 'F32', shape: [2], data_offsets: [8, 0] })],
    ['three offsets', one({ dtype: 'F32', shape: [2], data_offsets: [0, 8, 8] })],
    ['a span that is not the shape', one({ dtype: 'F32', shape: [3], data_offsets: [0, 8] })],
    ['a hole before the tensor', one({ dtype: 'F32', shape: [1], data_offsets: [4, 8] })],
    ['bytes after the last tensor', one({ dtype: 'F32', shape: [1], data_offsets: [0, 4] })],
    [
      'two tensors over the same bytes',
      frame(
        '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
        new Uint8Array(4),
      ),
    ],
  ])('refuses %s', (_name, file) => {
    expect(codeOf(file)).toBe('ERR_CONFIG_INVALID');
  });

  it('names the tensor and both sizes in the message', () => {
    expect(() => parseSafetensors(one({ dtype: 'F32', shape: [3], data_offsets: [0, 8] }))).toThrow(
      /tensor w spans 8 bytes/,
    );
  });
});
