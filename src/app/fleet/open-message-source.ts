// Opens what `millrace run --in` names, where it brings the messages of many sensors: a broker, a port, a pipe, a file. What
// only one of them needs is loaded with it.

import { randomUUID } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { MessageSource } from '../../transport/message-source.ts';
import { isMqtt, readMqttAddress } from '../../transport/mqtt/mqtt-address.ts';
import type { SensorFormat } from '../../wire/formats/sensor-formats.ts';
import { type FleetFlags, mqttChoice } from '../commands/fleet-flags.ts';
import { usage } from '../usage.ts';

const INFLUX = /^influx:\/\/(\[[^\]/]+\]|[^:/]+):(\d{1,5})\/?$/;
const NEWLINE = 10;

/** @param clientId absent: an MQTT broker forgets us when we go   @throws ERR_USAGE, ERR_FILE_NOT_FOUND */
export async function openMessageSource(
  flags: FleetFlags,
  format: SensorFormat,
  clientId: string | undefined,
): Promise<MessageSource> {
  const { in: input } = flags;
  if (isMqtt(input)) return openMqtt(flags, clientId);
  if (format === 'sparkplug') throw usage('sparkplug comes from a broker', '--in mqtt://host/spBv1.0/#');
  if (format === 'senml-cbor') throw usage('senml-cbor has no lines: it comes from a broker', '--in mqtt://host/topic');
  if (input.startsWith('influx:')) return openInflux(input, format);
  return openLines(input, flags.follow === true, format === 'csv' && flags.fields === undefined);
}

async function openMqtt(flags: FleetFlags, clientId: string | undefined): Promise<MessageSource> {
  const { mqttSource } = await import('../../transport/mqtt/mqtt-source.ts');
  return mqttSource({
    ...mqttChoice(flags),
    address: readMqttAddress(flags.in, true),
    clientId: clientId ?? `millrace-${randomUUID()}`,
    remembered: clientId !== undefined,
  });
}

async function openInflux(input: string, format: SensorFormat): Promise<MessageSource> {
  const [, host, port] = INFLUX.exec(input) ?? [];
  if (!host || Number(port) > 65_535) throw usage('not an address to listen on', '--in influx://127.0.0.1:8086');
  if (format !== 'influx') throw usage(`influx:// does not take ${format}`, 'line protocol, which needs no --format');
  const { influxSource } = await import('../../transport/influx/influx-source.ts');
  const token = process.env.MILLRACE_INFLUX_TOKEN;
  return influxSource({ host: host.replace(/^\[|\]$/g, ''), port: Number(port), ...(token ? { token } : {}) });
}

async function openLines(input: string, follow: boolean, header: boolean): Promise<MessageSource> {
  const { lineSource } = await import('../../transport/lines/line-source.ts');
  if (input === '-') {
    const { stdinPieces } = await import('../../transport/lines/stdin-pieces.ts');
    return lineSource({ name: 'the standard input', header, open: (_from, stop) => stdinPieces(process.stdin, stop) });
  }
  const { followFile } = await import('../../transport/lines/follow-file.ts');
  return lineSource({
    name: input,
    header,
    open: (from, stop) => followFile(input, follow, from, stop),
    readHeader: () => firstLine(input),
  });
}

async function firstLine(path: string): Promise<Buffer | undefined> {
  const file = await open(path).catch(() => undefined);
  if (!file) return undefined;
  const { buffer, bytesRead } = await file.read(Buffer.alloc(64 * 1024), 0, 64 * 1024, 0);
  await file.close();
  const end = buffer.subarray(0, bytesRead).indexOf(NEWLINE);
  return end < 0 ? undefined : buffer.subarray(0, end + 1);
}
