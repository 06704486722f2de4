// One process a folder: a second one would confirm messages that the first one's journal does not hold. The lock names its
// owner and when that began, so that one which a kill left behind, even if its number was used again, holds up nobody.

import { open, readFile, rm } from 'node:fs/promises';
import { engineError } from '../../base/errors.ts';
import { guarded } from '../../store/disk.ts';

export interface Lock {
  release(): Promise<void>;
}

/** @throws ERR_STORE_FAILED when another process has it */
export async function lockFile(path: string): Promise<Lock> {
  const own = `${process.pid} ${await begun(process.pid)}`;
  for (let tries = 0; ; tries++) {
    const file = await open(path, 'wx', 0o600).catch((thrown: NodeJS.ErrnoException) => {
      if (thrown.code === 'EEXIST' && tries < 3) return undefined;
      return guarded(() => Promise.reject(thrown));
    });
    if (file) {
      await file.writeFile(own);
      await file.close();
      return { release: () => rm(path, { force: true }) };
    }
    const [pid, since] = (await readFile(path, 'utf8').catch(() => '')).split(' ');
    if (pid && (await isAlive(Number(pid), since ?? ''))) {
      throw engineError('ERR_STORE_FAILED', `the folder is in use by process ${pid}`, {
        expected: 'another --state-dir, or that process ended',
      });
    }
    await rm(path, { force: true });
  }
}

async function isAlive(pid: number, since: string): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return (await begun(pid)) === since;
}

/** Ticks after the machine began, from Linux; '' elsewhere. */
async function begun(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}
