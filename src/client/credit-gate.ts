// The sender's side of credit: how many bytes and messages are past the last ack, and who waits until there are fewer.

export interface CreditGate {
  /** Resolves when one more message of `bytes` fits, or when nothing is outstanding (a message larger than the credit must go some time). */
  room(bytes: number): Promise<void>;
  /** Whether it would resolve at once. */
  fits(bytes: number): boolean;
  readonly outstanding: number;
  /** A message was sent whose rows end before row `to`. */
  sent(to: number, bytes: number): void;
  /** Rows before `offset` are acknowledged. */
  acked(offset: number, credit: number): void;
  /** Nobody waits any longer: `room` rejects with this from now on. */
  fail(error: Error): void;
}

export function createCreditGate(creditBytes: number, messagesMax: number): CreditGate {
  const outstanding: { readonly to: number; readonly bytes: number }[] = [];
  let credit = creditBytes;
  let bytesOut = 0;
  let failure: Error | undefined;
  let waiting: (() => void)[] = [];

  function wakeAll(): void {
    const woken = waiting;
    waiting = [];
    for (const wake of woken) wake();
  }
  const fits = (bytes: number): boolean =>
    bytesOut === 0 || (bytesOut + bytes <= credit && outstanding.length < messagesMax);
  return {
    fits,
    get outstanding() {
      return outstanding.length;
    },
    async room(bytes) {
      while (!failure && !fits(bytes)) {
        await new Promise<void>((resolve) => waiting.push(resolve));
      }
      if (failure) throw failure;
    },
    sent(to, bytes) {
      outstanding.push({ to, bytes });
      bytesOut += bytes;
    },
    acked(offset, granted) {
      credit = granted;
      while (outstanding.length > 0 && outstanding[0]!.to <= offset) bytesOut -= outstanding.shift()!.bytes;
      wakeAll();
    },
    fail(error) {
      failure = error;
      wakeAll();
    },
  };
}
