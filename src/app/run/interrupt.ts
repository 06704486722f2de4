// Ctrl-C (and SIGTERM) as a wish to stop between two pieces, with everything so far written. A second one kills at once:
// the handlers are taken away by the first, and the system's own remain.

export interface Interrupt {
  /** Aborted once a signal has come. */
  readonly signal: AbortSignal;
  /** What a process that a signal ended exits with: 130 or 143; 0 when none came. */
  readonly exitCode: number;
  release(): void;
}

const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

export function onInterrupt(stop: () => void): Interrupt {
  const abort = new AbortController();
  let exitCode = 0;
  function interrupt(name: keyof typeof EXIT_CODES): void {
    exitCode = EXIT_CODES[name];
    release();
    abort.abort();
    stop();
  }
  const onInt = (): void => interrupt('SIGINT');
  const onTerm = (): void => interrupt('SIGTERM');
  function release(): void {
    process.off('SIGINT', onInt).off('SIGTERM', onTerm);
  }
  process.on('SIGINT', onInt).on('SIGTERM', onTerm);
  return {
    signal: abort.signal,
    get exitCode() {
      return exitCode;
    },
    release,
  };
}
