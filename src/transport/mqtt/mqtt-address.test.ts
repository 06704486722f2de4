import { describe, expect, it } from 'vitest';
import { coversBelow, readMqttAddress } from './mqtt-address.ts';

describe('MQTT addresses', () => {
  it('are read with their filter, wildcards and all', () => {
    expect(readMqttAddress('mqtt://broker/sensors/#', true)).toEqual({
      url: 'mqtt://broker',
      topic: 'sensors/#',
      shown: 'mqtt://broker/sensors/#',
    });
    expect(readMqttAddress('mqtts://[::1]:8883/a/+/b', true)).toMatchObject({
      url: 'mqtts://[::1]:8883',
      topic: 'a/+/b',
    });
  });

  it('show neither name nor password', () => {
    const address = readMqttAddress('mqtt://me:p%40ss%2F@host:1884/t', true);
    expect(address).toMatchObject({ username: 'me', password: 'p@ss/', url: 'mqtt://host:1884' });
    expect(address.shown).toBe('mqtt://host:1884/t');
  });

  it('may have a name without a password, and neither when they cannot be read', () => {
    expect(readMqttAddress('mqtt://me@host/t', true)).toMatchObject({ username: 'me' });
    expect(readMqttAddress('mqtt://me:@host/t', true)).toMatchObject({ username: 'me', password: '' });
    expect(readMqttAddress('mqtt://@host/t', true)).toEqual({
      ...{ url: 'mqtt://host', topic: 't', shown: 'mqtt://host/t' },
    });
    for (const login of ['50%off:s3cret', 'me:s3cret%', ':s3cret'])
      expect(() => readMqttAddress(`mqtt://${login}@host/t`, true)).toThrow(
        expect.objectContaining({ code: 'ERR_USAGE', message: expect.not.stringContaining('s3cret') }),
      );
  });

  it.each([
    'mqtt://host',
    'mqtt://host/',
    'mqtt://h:0/t',
    'mqtt://h:65536/t',
    'mqtt:///t',
    'http://host/t',
    'mqtt://h/a+',
    'mqtt://h/#/a',
    'mqtt://h:x/t',
  ])('%s is none', (text) => {
    expect(() => readMqttAddress(text, true)).toThrow(expect.objectContaining({ code: 'ERR_USAGE' }));
  });

  it('have no wildcards where something is published', () => {
    expect(() => readMqttAddress('mqtt://h/a/#', false)).toThrow(expect.objectContaining({ code: 'ERR_USAGE' }));
  });

  it.each([
    ['#', 'out', true],
    ['a/#', 'a/out', true],
    ['+/+', 'out', true],
    ['a/b', 'out', false],
    ['a/+/c', 'a', true],
    ['a/+', 'a/out', false],
    ['sensors/#', 'forecasts', false],
    ['$share/us/a/#', 'a/out', true],
    ['$share/us/b/#', 'a/out', false],
  ])('the filter %s and results below %s are a loop: %s', (filter, topic, loop) => {
    expect(coversBelow(filter, topic)).toBe(loop);
  });
});
