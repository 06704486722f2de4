import { expect, it } from 'vitest';
import { framedAnswer, putOffset, readFramedTo, rowsHeader } from './framed.ts';

it('writes the header of rows, and reads how far an answer reaches, beyond 32 bits too', () => {
  for (const offset of [0, 160, 2 ** 32 - 1, 2 ** 40 + 7]) {
    const message = Buffer.concat([Buffer.from('##'), rowsHeader(160), Buffer.alloc(320)]);
    putOffset(message, 2, offset);
    const header = message.subarray(2);
    expect([header[0], header[1], header.readUInt16LE(2), header.readUInt32LE(4)]).toEqual([1, 1, 0, 160]);
    expect(header.readBigUInt64LE(8)).toBe(BigInt(offset));
    expect(header.readBigUInt64LE(16)).toBe(0n);
    expect(readFramedTo(header, 0, header.length)).toBe(-1); // rows, not an answer
    const answer = Buffer.concat([Buffer.from('#'), framedAnswer(header)]);
    expect(readFramedTo(answer, 1, answer.length)).toBe(offset + 160);
  }
  expect(readFramedTo(Buffer.alloc(20), 0, 20)).toBe(-1);
});
