// The options that say how to read a source, shared by the commands that have --in.

import type { Command } from 'commander';
import { TIME_UNITS, type TimeUnit } from '../../wire/messages.ts';
import type { SourceOptions } from '../source/open-source.ts';
import { usage } from '../usage.ts';

export interface SourceFlags {
  readonly rate?: string;
  readonly channels?: string;
  readonly encoding?: string;
  readonly columns?: string;
  readonly time?: string;
  readonly timeUnit?: string;
  readonly period?: string;
}

const STDIN_ENCODINGS = ['pcm_s16le', 'f32le', 'csv'] as const;

export function addSourceOptions(command: Command): Command {
  return command
    .option('--rate <hz>', 'rate of stdin or of the microphone; of a CSV without times')
    .option('--channels <n>', 'channels of stdin or of the microphone')
    .option('--encoding <name>', `of stdin: ${STDIN_ENCODINGS.join(', ')}`)
    .option('--columns <a,b>', 'CSV: columns to use (default: all that hold numbers)')
    .option('--time <column>', 'CSV: the time column (default: found by itself; "" for none)')
    .option('--time-unit <unit>', `CSV: ${TIME_UNITS.join(', ')}`)
    .option('--period <ms>', 'cpu: time between rows');
}

/** @throws ERR_USAGE naming the flag */
export function sourceOptions(flags: SourceFlags): SourceOptions {
  const { rate, channels, period, encoding, timeUnit } = flags;
  return {
    ...(rate ? { rateHz: positive('--rate', rate) } : {}),
    ...(channels ? { width: positive('--channels', channels) } : {}),
    ...(period ? { periodMs: positive('--period', period) } : {}),
    ...(encoding ? { encoding: oneOf('--encoding', encoding, STDIN_ENCODINGS) } : {}),
    ...(flags.columns ? { columns: flags.columns.split(',') } : {}),
    ...(flags.time === undefined ? {} : { timeColumn: flags.time }),
    ...(timeUnit ? { timeUnit: oneOf<TimeUnit>('--time-unit', timeUnit, TIME_UNITS) } : {}),
  };
}

function positive(flag: string, text: string): number {
  const number = Number(text);
  if (Number.isFinite(number) && number > 0) return number;
  throw usage(`${flag} cannot be "${text}"`, 'a number above 0');
}

function oneOf<T extends string>(flag: string, text: string, known: readonly T[]): T {
  const found = known.find((value) => value === text);
  if (found) return found;
  throw usage(`${flag} cannot be "${text}"`, known.join(', '));
}
