// The life of a connection as its stream sees it: where messages go, what bounds them, and who is told when it is over.

import type { EngineError } from '../base/errors.ts';
import type { Micros } from '../base/units.ts';
import type { StartMessage } from '../wire/messages.ts';
import type { BridgeContext } from './bridge-context.ts';
import type { CreditLedger } from './credit-ledger.ts';
import type { Line } from './line.ts';

export interface StreamOwner {
  readonly line: Line;
  readonly context: BridgeContext;
  readonly start: StartMessage;
  readonly ledger: CreditLedger;
  /** When the last message came. */
  heardAt(): Micros;
  /** Told; the stream goes on, or not, as the error's scope says. */
  report(error: EngineError): void;
  /** Told, and that was all. */
  fail(error: EngineError): void;
  /** The last result is sent. */
  finished(): void;
}
