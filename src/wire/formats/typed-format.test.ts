import { encode } from 'cborg';
import { describe, expect, it } from 'vitest';
import type { SensorFormat } from './sensor-formats.ts';
import { openTypedFormat } from './typed-format.ts';

const MESSAGES: readonly [type: string | undefined, message: Uint8Array][] = [
  [
    'application/senml+cbor',
    encode([
      new Map<number, unknown>([
        [0, 'v'],
        [2, 7],
      ]),
    ]),
  ],
  ['application/sensml+cbor', Uint8Array.of(0x9f, 0xa2, 0, 0x61, 0x76, 2, 7, 0xff)],
  ['application/senml+json', Buffer.from('[{"n":"v","v":7}]')],
  ['Application/JSON; charset=utf-8', Buffer.from('{"v":7}')],
  ['application/x-ndjson', Buffer.from('{"v":7}\n')],
  ['text/csv', Buffer.from('v\n7')],
];
const hear = async (name: SensorFormat, type: string | undefined, message: Uint8Array) =>
  (await openTypedFormat(name))('t', message, 0, type === undefined ? {} : { contentType: type }).readings;

describe('a message that says its format', () => {
  it.each(MESSAGES)('is read in it: %s', async (type, message) => {
    for (const asked of ['json', 'senml-cbor', 'influx'] as const) {
      expect(await hear(asked, type, message)).toMatchObject([{ column: 'v', value: 7 }]);
    }
  });

  it('is read in the one asked for when it says nothing, or nothing of ours', async () => {
    for (const type of [undefined, '', 'application/octet-stream', 'constructor']) {
      expect(await hear('json', type, Buffer.from('{"v":7}'))).toMatchObject([{ column: 'v', value: 7 }]);
    }
  });

  it('is refused in its own terms', async () => {
    await expect(hear('json', 'application/senml+cbor', Buffer.from('{"v":7}'))).rejects.toThrow('it is not CBOR');
    await expect(hear('sparkplug', 'application/json', Buffer.from('{"v":7}'))).resolves.toEqual([]);
  });
});
