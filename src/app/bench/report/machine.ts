// The machine behind the figures: they mean nothing without it.

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { arch, cpus, platform } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from '../../paths.ts';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly node: string;
  readonly v8: string;
  readonly platform: string;
  /** ISO 8601, when the run began. */
  readonly date: string;
  /** Of the sources; absent outside a clone. Ends in `+` with changes not committed. */
  readonly commit?: string;
}

export async function describeMachine(now = new Date()): Promise<Machine> {
  const processors = cpus();
  const commit = await commitOf(ROOT);
  return {
    cpu: processors[0]?.model.trim() || 'unknown',
    cores: processors.length,
    node: process.version,
    v8: process.versions.v8,
    platform: `${platform()} ${arch()}`,
    date: now.toISOString(),
    ...(commit && { commit }),
  };
}

async function commitOf(cwd: string): Promise<string | undefined> {
  const git = async (...args: string[]): Promise<string> => (await promisify(execFile)('git', args, { cwd })).stdout;
  // Installed from npm, the folder may lie inside somebody else's repository, whose commit says nothing.
  if (!existsSync(join(cwd, '.git'))) return undefined;
  try {
    const head = (await git('rev-parse', '--short', 'HEAD')).trim();
    return `${head}${(await git('status', '--porcelain', '--untracked-files=no')) === '' ? '' : '+'}`;
  } catch {
    return undefined; // no git on this machine
  }
}

/** 'AMD EPYC 7B13, 2 cores, Node v20.20.2 (V8 11.3), linux x64, 2026-11-23, commit 68b4dc5' */
export function machineLine({ cpu, cores, node, v8, platform, date, commit }: Machine): string {
  const engine = v8.split('.').slice(0, 2).join('.');
  const parts = [cpu, `${cores} cores`, `Node ${node} (V8 ${engine})`, platform, date.slice(0, 10)];
  return [...parts, ...(commit ? [`commit ${commit}`] : [])].join(', ');
}
