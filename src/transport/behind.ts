// What waits behind a command that needs all before it consumed: the command itself, then whatever came after it, in order.
// Empty for a stream that sends no such command, which is most of the time. The commands: between-rows.ts.

import { asEngineError, type EngineError } from '../base/errors.ts';
import type { ClientMessage, ServerMessage } from '../wire/messages.ts';
import { answerBetween, type BetweenMessage, isBetween, type StillStream } from './between-rows.ts';
import type { CreditLedger } from './credit-ledger.ts';

export interface BehindOptions {
  readonly ledger: CreditLedger;
  still(): StillStream;
  /** All that came before is consumed. */
  isQuiet(): boolean;
  apply(message: ClientMessage, bytes: number): void;
  report(error: EngineError): void;
  /** The answer goes out, once what it says is done. */
  answered(message: BetweenMessage, answer: ServerMessage): Promise<void>;
  refused(error: EngineError): void;
  wake(): void;
}

export interface Behind {
  /** A command is being carried out: the session must not work. */
  readonly answering: boolean;
  /** Whether the message waits here now. */
  take(message: ClientMessage, bytes: number): boolean;
  /** Takes what waits, up to the next command whose time has not come. */
  goOn(): void;
  /** Nothing more is taken. */
  close(): void;
}

export function createBehind(options: BehindOptions): Behind {
  const { ledger } = options;
  let waiting: { readonly message: ClientMessage; readonly bytes: number }[] = [];
  let answering = false;

  function shift(): void {
    const first = waiting.shift();
    if (first) ledger.release(first.bytes);
  }
  async function answer(message: BetweenMessage): Promise<void> {
    answering = true;
    try {
      await options.answered(message, await answerBetween(message, options.still()));
    } catch (thrown) {
      options.refused(asEngineError(thrown));
    }
    answering = false;
    shift();
    options.wake();
  }
  return {
    get answering() {
      return answering;
    },
    take(message, bytes) {
      if (waiting.length === 0 && !isBetween(message)) return false;
      ledger.hold(bytes);
      waiting.push({ message, bytes });
      return true;
    },
    goOn() {
      while (waiting.length > 0 && !answering) {
        const { message, bytes } = waiting[0]!;
        if (isBetween(message)) {
          if (options.isQuiet()) void answer(message);
          return;
        }
        shift();
        try {
          options.apply(message, bytes);
        } catch (thrown) {
          options.report(asEngineError(thrown));
        }
        options.wake();
      }
    },
    close() {
      waiting = [];
    },
  };
}
