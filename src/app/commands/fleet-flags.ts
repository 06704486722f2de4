// The options of `millrace run` for many sensors at once: which inputs are of that kind, and what else may be said.

import type { Command } from 'commander';
import { MQTT_VERSIONS, type MqttVersion } from '../../transport/mqtt/mqtt-version.ts';
import { isLinePrecision } from '../../wire/formats/influx/precision.ts';
import { type FormatOptions, SENSOR_FORMATS, type SensorFormat } from '../../wire/formats/sensor-formats.ts';
import { TIME_UNITS } from '../../wire/messages.ts';
import { usage } from '../usage.ts';

export interface FleetFlags {
  readonly in: string;
  readonly out?: string;
  readonly engine: string;
  readonly set: readonly string[];
  readonly cell?: string;
  readonly columns?: string;
  readonly time?: string;
  readonly timeUnit?: string;
  readonly quiet?: boolean;
  readonly format?: string;
  readonly fields?: string;
  readonly precision?: string;
  readonly follow?: boolean;
  readonly reorder?: string;
  readonly stateDir?: string;
  readonly clientId?: string;
  readonly mqttVersion?: string;
  readonly sessionExpiry?: string;
  readonly streamsMax?: string;
  readonly checkpointRows?: string;
  readonly checkpointSeconds?: string;
}

/** Sources of many sensors: a broker, a port for line protocol, a pipe or a file in a format of messages, whatever is to be kept. */
export const isFleet = ({ in: input, format, follow, stateDir }: FleetFlags): boolean =>
  /^(mqtts?|influx):\/\//.test(input) || format !== undefined || follow === true || stateDir !== undefined;

/** What --format is when nobody says it: by the name of a file, else JSON. */
const ENDINGS: readonly (readonly [RegExp, SensorFormat])[] = [
  [/^influx:|\.lp$/, 'influx'],
  [/\.csv$/, 'csv'],
  [/\.(ndjson|jsonl)$/, 'ndjson'],
];

export function addFleetOptions(command: Command): Command {
  return command
    .option('--format <name>', `many sensors: ${SENSOR_FORMATS.join(', ')}`)
    .option('--fields <a,b>', 'csv messages: all columns in order, where there is no header line')
    .option('--precision <unit>', 'influx: ns, us, ms or s (default ns)')
    .option('--follow', 'go on reading a file that grows, also when it is rotated')
    .option('--reorder <ms>', 'many sensors: wait so long, in event time, for rows that come out of order')
    .option('--state-dir <folder>', 'many sensors: keep states, positions and rows there; go on from it')
    .option('--client-id <name>', 'MQTT: the name under which the broker remembers us (default: from --state-dir)')
    .option('--mqtt-version <version>', `MQTT: ${MQTT_VERSIONS.join(' or ')} (default 3.1.1)`)
    .option('--session-expiry <s>', 'MQTT 5: the broker forgets us after so long (default: never)')
    .option('--streams-max <n>', 'many sensors: more are refused (default 10000)')
    .option('--checkpoint-rows <n>', 'many sensors: a checkpoint after so many rows of one (default 10000)')
    .option('--checkpoint-seconds <s>', 'many sensors: a checkpoint after so long (default 60)');
}

/** @throws ERR_USAGE naming the flag */
export function formatOf(flags: FleetFlags): { name: SensorFormat; options: FormatOptions } {
  const asked = flags.format ?? ENDINGS.find(([ending]) => ending.test(flags.in))?.[1] ?? 'json';
  const name = SENSOR_FORMATS.find((known) => known === asked);
  if (!name) throw usage(`--format cannot be "${asked}"`, SENSOR_FORMATS.join(', '));
  const timeUnit = TIME_UNITS.find((known) => known === flags.timeUnit);
  if (flags.timeUnit !== undefined && !timeUnit) {
    throw usage(`--time-unit cannot be "${flags.timeUnit}"`, TIME_UNITS.join(', '));
  }
  const { precision } = flags;
  if (precision !== undefined && !isLinePrecision(precision)) {
    throw usage(`--precision cannot be "${precision}"`, 'ns, us, ms or s');
  }
  return {
    name,
    options: {
      ...(flags.columns ? { columns: flags.columns.split(',') } : {}),
      ...(flags.time === undefined ? {} : { time: flags.time }),
      ...(flags.fields ? { fields: flags.fields.split(',') } : {}),
      ...(timeUnit ? { timeUnit } : {}),
      ...(precision === undefined ? {} : { precision }),
    },
  };
}

/** What --mqtt-version and --session-expiry say; 3.1.1 where nobody says it. @throws ERR_USAGE */
export function mqttChoice({ mqttVersion = '3.1.1', sessionExpiry }: FleetFlags): {
  readonly version: MqttVersion;
  readonly sessionSeconds?: number;
} {
  const version = MQTT_VERSIONS.find((known) => known === mqttVersion);
  if (!version) throw usage(`--mqtt-version cannot be "${mqttVersion}"`, MQTT_VERSIONS.join(' or '));
  if (sessionExpiry === undefined) return { version };
  if (version !== '5') throw usage('--session-expiry is of MQTT 5', '--mqtt-version 5 beside it');
  const sessionSeconds = Number(sessionExpiry);
  // 2^32 - 1 means never in the protocol itself.
  if (Number.isSafeInteger(sessionSeconds) && sessionSeconds >= 1 && sessionSeconds < 2 ** 32) {
    return { version, sessionSeconds };
  }
  throw usage(`--session-expiry cannot be "${sessionExpiry}"`, 'a whole number of seconds, from 1 below 2^32');
}
