// The effective settings of `millrace serve`: flags over variables over the file over defaults. A worker takes those of the
// first process, so that a file that changes later never makes two kinds of workers.

import { type Command, Option } from 'commander';
import { readConfigFile } from '../config/config-file.ts';
import { nearest } from '../config/nearest.ts';
import { type Chosen, type Chosens, type Environment, resolveSettings, shownSettings } from '../config/resolve.ts';
import { COUNTED_PER_PROCESS, limitsOf, splitLimit } from '../config.ts';
import { TOKENS_VARIABLE } from './open-guard.ts';
import { FLAG_SETTINGS, SERVE_SETTINGS, type ServeConfig } from './settings.ts';

/** As commander gives them: `--state-dir x` is stateDir, a flag without its value is true. */
export interface ServeFlags extends Readonly<Record<string, unknown>> {
  readonly config?: string;
  readonly limit: readonly string[];
  readonly quiet?: boolean;
  readonly printConfig?: boolean;
}

export const CONFIG_VARIABLE = 'MILLRACE_CONFIG';

/** What a worker is handed. */
export const WORKER_SETTINGS_VARIABLE = 'MILLRACE_WORKER_SETTINGS';

export function addServeOptions(command: Command): Command {
  command.option('--config <file>', `settings as JSON, by the names of these flags (env: ${CONFIG_VARIABLE})`);
  for (const { flag, variable, help, standard, type } of FLAG_SETTINGS) {
    const shown = standard === undefined || standard === false ? '' : `default: ${standard}, `;
    const option = new Option(flag, `${help} (${shown}env: ${variable})`);
    command.addOption(type.kind === 'list' ? option.argParser(join) : option);
  }
  return command
    .option('--limit <name=value>', 'a limit, as sessions-max=50; again for each', collect, [])
    .option('--quiet', 'no line per stream: --log-level warn')
    .option('--print-config', 'say what is set and where each value comes from, as JSON, and exit');
}

/** A list that is given again goes on; of any other flag the last one counts, so that a script's can be overruled. */
const join = (items: string, before?: string): string => (before === undefined ? items : `${before},${items}`);
const collect = (pair: string, before: readonly string[]): string[] => [...before, pair];

/** @throws ERR_USAGE, ERR_CONFIG_INVALID */
export async function chooseSettings(flags: ServeFlags, environment: Environment): Promise<Chosens> {
  const handed = environment[WORKER_SETTINGS_VARIABLE];
  if (handed) return new Map(JSON.parse(handed) as [string, Chosen][]);
  const path = fileOf(flags, environment);
  const file = path === undefined ? undefined : await readConfigFile(path, SERVE_SETTINGS);
  return resolveSettings(SERVE_SETTINGS, { flags: textsOf(flags), environment, file });
}

/** An empty variable is one that is not set. */
const fileOf = (flags: ServeFlags, environment: Environment): string | undefined =>
  flags.config ?? (environment[CONFIG_VARIABLE] || undefined);

function textsOf(flags: ServeFlags): ReadonlyMap<string, string> {
  const given = FLAG_SETTINGS.map(({ name }) => [name, flags[camelCase(name)]] as const);
  const texts = given.flatMap(([name, text]): [string, string][] => (text === undefined ? [] : [[name, String(text)]]));
  const quiet: [string, string][] = flags.quiet ? [['log-level', 'warn']] : [];
  return new Map([...texts, ...quiet, ...flags.limit.map(splitLimit)]);
}

const camelCase = (name: string): string => name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());

export function serveConfig(chosens: Chosens): ServeConfig {
  const entries = FLAG_SETTINGS.map(({ name }) => [camelCase(name), chosens.get(name)?.value] as const);
  const set = Object.fromEntries(entries.filter(([, value]) => value !== undefined));
  return { ...set, limits: limitsOf(chosens) } as unknown as ServeConfig;
}

const OF_KUBERNETES = /^MILLRACE_(SERVICE|PORT)_/;

export interface Misspelt {
  readonly variable: string;
  /** What it may be meant for. */
  readonly nearest: string;
}

/**
 * Variables that are none of ours, but nearly: nothing refuses them, since platforms put others of their own beside them
 * (Kubernetes: MILLRACE_PORT=tcp://…, MILLRACE_SERVICE_HOST and others for a service of this name).
 */
export function misspelt(environment: Environment): readonly Misspelt[] {
  const known = new Map(SERVE_SETTINGS.map(({ name, variable }) => [name, variable]));
  const ours = new Set([...known.values(), CONFIG_VARIABLE, TOKENS_VARIABLE, WORKER_SETTINGS_VARIABLE]);
  const others = Object.keys(environment).filter((name) => name.startsWith('MILLRACE_') && !ours.has(name));
  return others.flatMap((variable) => {
    const platforms = OF_KUBERNETES.test(variable) || environment[variable]?.startsWith('tcp://');
    const name = platforms ? undefined : nearest(variable, [...known.keys()]);
    return name === undefined ? [] : [{ variable, nearest: known.get(name)! }];
  });
}

/** For people and logs. Paths to secrets are named; a secret itself can only stand in a variable, and is not shown. */
export function shownConfig(chosens: Chosens, flags: ServeFlags, environment: Environment): object {
  const file = fileOf(flags, environment) ?? null;
  const source = flags.config ? 'flag' : file ? 'env' : 'default';
  const listed = environment[TOKENS_VARIABLE] ? { [TOKENS_VARIABLE]: { value: '[redacted]', source: 'env' } } : {};
  return { config: { value: file, source }, ...withTotals(shownSettings(chosens)), ...listed };
}

/** What each process counts for itself says so, and what that comes to with all of them. */
function withTotals(shown: ReturnType<typeof shownSettings>): object {
  const processes = Number(shown.workers!.value);
  const entries = Object.entries(shown).map(([name, chosen]) => {
    const counted = COUNTED_PER_PROCESS.has(name);
    return [name, counted ? { ...chosen, per: 'process', together: Number(chosen.value) * processes } : chosen];
  });
  return Object.fromEntries(entries);
}
