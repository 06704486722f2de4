// The options of a pipeline as a command line has them: --set name=value, and --cell for the one that most have.

import { usage } from '../usage.ts';

interface OptionFlags {
  readonly set: readonly string[];
  readonly cell?: string;
}

/** @throws ERR_USAGE */
export function pipelineOptions({ set, cell }: OptionFlags): Record<string, string> {
  const options = Object.fromEntries(
    set.map((text) => {
      const at = text.indexOf('=');
      if (at < 1) throw usage(`--set cannot be "${text}"`, '--set name=value');
      return [text.slice(0, at), text.slice(at + 1)];
    }),
  );
  return cell === undefined ? options : { ...options, cell };
}
