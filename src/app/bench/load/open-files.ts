// How many connections a process may hold: each is a file descriptor, and each end here is a process of its own. Node lifts
// its soft limit to the hard one when it starts, so what counts is the hard limit of the shell.

import { usage } from '../../usage.ts';

/** What a process has open besides its connections. */
const OTHERS = 100;

/** @throws ERR_USAGE, saying how to allow more */
export function checkOpenFiles(connections: number, allowed = openFilesMax()): void {
  const needed = connections + OTHERS;
  if (allowed >= needed) return;
  throw usage(
    `${connections} connections need ${needed} open files, and this process may have ${allowed}`,
    `ulimit -Hn ${needed} as root, or LimitNOFILE / --ulimit nofile=${needed} where the shell or container is started`,
  );
}

/** How many connections may be held here. */
export const connectionsMax = (): number => openFilesMax() - OTHERS;

function openFilesMax(): number {
  const report = process.report.getReport() as unknown as {
    readonly userLimits?: { readonly open_files?: { readonly soft: number | 'unlimited' } };
  };
  const soft = report.userLimits?.open_files?.soft;
  return typeof soft === 'number' ? soft : Infinity; // Windows has no such limit
}
