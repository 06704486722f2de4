import { readFileSync } from 'node:fs';
import protobuf from 'protobufjs';
import { describe, expect, it } from 'vitest';
import { createEdgeNodes } from './edge-nodes.ts';
import { decodePayload } from './payload.ts';

const payload = protobuf
  .parse(readFileSync('proto/sparkplug.proto', 'utf8'), { keepCase: true })
  .root.lookupType('sparkplug.Payload');
const bytes = (fields: object): Uint8Array => payload.encode(payload.fromObject(fields)).finish();
const topic = (type: string, device = ''): string => `spBv1.0/plant/${type}/edge1${device && `/${device}`}`;
const NOW = 1_700_000_000_000_000;
const MS = 1_700_000_000_000;
const bdSeq = (value: number) => ({ name: 'bdSeq', datatype: 4, long_value: value });
const birth = (seq = 0, bd = 1): Uint8Array =>
  bytes({
    timestamp: MS,
    seq,
    metrics: [
      bdSeq(bd),
      { name: 'Node Control/Rebirth', datatype: 11, boolean_value: false },
      { name: 'cpu', alias: 1, datatype: 10, double_value: 0.5, timestamp: MS - 1 },
    ],
  });
const deviceBirth = bytes({
  timestamp: MS,
  seq: 1,
  metrics: [
    { name: 'temp', alias: 2, datatype: 3, int_value: 0xffff_fff6 },
    { name: 'count', alias: 3, datatype: 4, long_value: '18446744073709551615' },
    { name: 'label', alias: 4, datatype: 12, string_value: 'pump' },
  ],
});
const born = () => {
  const nodes = createEdgeNodes();
  nodes.hear(topic('NBIRTH'), birth(), NOW);
  nodes.hear(topic('DBIRTH', 'pump'), deviceBirth, NOW);
  return nodes;
};
const brief = ({ readings }: { readings: readonly { series: string; column: string; value: number }[] }) =>
  readings.map(({ series, column, value }) => [series, column, value]);

describe('Sparkplug B', () => {
  it('reads births: values with their own times, signed numbers from their bits, nothing of the protocol itself', () => {
    const nodes = createEdgeNodes();
    expect(nodes.hear(topic('NBIRTH'), birth(), NOW)).toEqual({
      readings: [{ series: 'plant/edge1', column: 'cpu', time: (MS - 1) * 1000, value: 0.5 }],
      events: [],
    });
    expect(brief(nodes.hear(topic('DBIRTH', 'pump'), deviceBirth, NOW))).toEqual([
      ['plant/edge1/pump', 'temp', -10],
      ['plant/edge1/pump', 'count', -1],
    ]);
  });

  it('reads data by alias or by name; null is missing', () => {
    const nodes = born();
    const metrics = [
      { alias: 2, int_value: 21 },
      { name: 'count', is_null: true },
    ];
    expect(brief(nodes.hear(topic('DDATA', 'pump'), bytes({ timestamp: MS, seq: 2, metrics }), NOW))).toEqual([
      ['plant/edge1/pump', 'temp', 21],
      ['plant/edge1/pump', 'count', Number.NaN],
    ]);
  });

  it('counts the sequence over 255 and back to 0', () => {
    const nodes = born();
    for (let i = 2; i < 600; i++) {
      const heard = nodes.hear(topic('NDATA'), bytes({ seq: i % 256, metrics: [{ alias: 1, double_value: i }] }), NOW);
      expect(heard).toMatchObject({ events: [], readings: [{ value: i, time: NOW }] });
    }
  });

  it('believes nothing after a lost message, and asks for a rebirth once in ten seconds', () => {
    const nodes = born();
    const late = (seq: number, now: number) =>
      nodes.hear(topic('DDATA', 'pump'), bytes({ seq, metrics: [{ alias: 2, int_value: 1 }] }), now);
    const first = late(3, NOW);
    expect(first).toMatchObject({ readings: [], events: ['message_lost'] });
    expect(first.rebirth!.topic).toBe('spBv1.0/plant/NCMD/edge1');
    expect(decodePayload(first.rebirth!.payload).metrics[0]).toMatchObject({
      name: 'Node Control/Rebirth',
      datatype: 11,
      raw: { number: 1 },
    });
    expect(late(4, NOW + 5e6)).toEqual({ readings: [], events: ['node_unknown'] });
    expect(late(5, NOW + 10e6).rebirth).toBeDefined();
    nodes.hear(topic('NBIRTH'), birth(), NOW + 11e6);
    nodes.hear(topic('DBIRTH', 'pump'), deviceBirth, NOW + 11e6);
    expect(late(2, NOW + 12e6)).toMatchObject({ events: [], readings: [{ value: 1 }] });
  });

  it('asks for the birth of a node that it does not know, and of an alias that no birth named', () => {
    const nodes = createEdgeNodes();
    const data = bytes({ seq: 7, metrics: [{ alias: 1, double_value: 1 }] });
    expect(nodes.hear(topic('NDATA'), data, NOW)).toMatchObject({ events: ['node_unknown'], rebirth: {} });
    const stranger = bytes({ seq: 2, metrics: [{ alias: 99, double_value: 1 }] });
    expect(born().hear(topic('NDATA'), stranger, NOW)).toMatchObject({ events: ['alias_unknown'], rebirth: {} });
  });

  it('holds the values of a dead device, or of a dead node with its devices, for missing', () => {
    const device = born().hear(topic('DDEATH', 'pump'), bytes({ seq: 2 }), NOW);
    expect(device.events).toEqual(['death']);
    expect(brief(device)).toEqual([
      ['plant/edge1/pump', 'temp', Number.NaN],
      ['plant/edge1/pump', 'count', Number.NaN],
    ]);
    expect(brief(born().hear(topic('NDEATH'), bytes({ metrics: [bdSeq(1)] }), NOW))).toHaveLength(3);
  });

  it('knows nothing of a dead device, nor of an alias that its last birth no longer names', () => {
    const temp = (seq: number): Uint8Array => bytes({ seq, metrics: [{ alias: 2, int_value: 21 }] });
    const nodes = born();
    nodes.hear(topic('DDEATH', 'pump'), bytes({ seq: 2 }), NOW);
    expect(nodes.hear(topic('DDATA', 'pump'), temp(3), NOW)).toMatchObject({ readings: [], events: ['alias_unknown'] });
    const named = bytes({ seq: 4, metrics: [{ name: 'temp', int_value: 21 }] });
    expect(nodes.hear(topic('DDATA', 'pump'), named, NOW)).toMatchObject({ readings: [], events: ['alias_unknown'] });
    const again = bytes({ seq: 5, metrics: [{ name: 'temp', alias: 7, datatype: 3, int_value: 20 }] });
    expect(brief(nodes.hear(topic('DBIRTH', 'pump'), again, NOW))).toEqual([['plant/edge1/pump', 'temp', 20]]);
    expect(nodes.hear(topic('DDATA', 'pump'), temp(6), NOW)).toMatchObject({ readings: [], events: ['alias_unknown'] });
    const other = bytes({ seq: 7, metrics: [{ alias: 1, double_value: 1 }] });
    expect(brief(nodes.hear(topic('NDATA'), other, NOW))).toEqual([['plant/edge1', 'cpu', 1]]); // the node's own are as they were
  });

  it('passes over the will of a connection before the present one', () => {
    const nodes = born();
    expect(nodes.hear(topic('NDEATH'), bytes({ metrics: [bdSeq(0)] }), NOW)).toEqual({
      readings: [],
      events: ['stale_death'],
    });
    const data = bytes({ seq: 2, metrics: [{ alias: 1, double_value: 1 }] });
    expect(nodes.hear(topic('NDATA'), data, NOW).readings).toHaveLength(1);
  });

  it('remembers so many edge nodes, those born last', () => {
    const nodes = createEdgeNodes(3);
    const of = (name: string, type: string): string => `spBv1.0/plant/${type}/${name}`;
    const data = (seq: number): Uint8Array => bytes({ seq, metrics: [{ alias: 1, double_value: 1 }] });
    for (const name of ['a', 'b']) nodes.hear(of(name, 'NBIRTH'), birth(), NOW);
    for (const name of ['x', 'y']) {
      expect(nodes.hear(of(name, 'NDATA'), data(1), NOW).events).toEqual(['node_unknown']);
    }
    expect(nodes.hear(of('a', 'NDATA'), data(1), NOW).events).toEqual(['node_unknown']); // born longest ago
    expect(nodes.hear(of('b', 'NDATA'), data(1), NOW).events).toEqual(['node_unknown']); // pushed out by "a", a stranger now
    nodes.hear(of('b', 'NBIRTH'), birth(), NOW);
    for (const name of ['p', 'q']) nodes.hear(of(name, 'NDATA'), data(1), NOW);
    expect(nodes.hear(of('b', 'NDATA'), data(1), NOW).readings).toHaveLength(1);
  });

  it('passes over topics that are nothing to a host', () => {
    const nodes = born();
    for (const name of ['spBv1.0/plant/NCMD/edge1', 'spBv1.0/STATE/host', 'other/a', topic('NDATA', 'pump')])
      expect(nodes.hear(name, birth(), NOW).readings).toEqual([]);
  });

  it('refuses bytes that are no payload, and a message without its sequence number', () => {
    const refused = expect.objectContaining({ code: 'ERR_ROW_MALFORMED' });
    expect(() => born().hear(topic('NDATA'), Uint8Array.of(0xff, 0xff), NOW)).toThrow(refused);
    expect(() => born().hear(topic('NDATA'), bytes({ metrics: [] }), NOW)).toThrow(refused);
  });
});
