// Flags of the commands that open checkpoints, checked: a wrong one is a complaint about the command line, not the model.

import type { TokenModelOptions } from '../model/family.ts';
import { usage } from './usage.ts';

export function tokenModelOptions(context: string | undefined): TokenModelOptions {
  return context === undefined ? {} : { contextRows: wholeNumber('--context', context, 1) };
}

export function wholeNumber(flag: string, text: string, min: number): number {
  const number = Number(text);
  if (text.trim() !== '' && Number.isSafeInteger(number) && number >= min) return number;
  throw usage(`${flag} cannot be "${text}"`, `a whole number of ${min} or more`);
}
