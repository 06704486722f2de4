// Units as types: a number that carries its unit cannot be mixed up with another by accident.
// Time comes in from outside through `Clock`; nothing below app/ reads the wall clock itself.

declare const brand: unique symbol;
export type Brand<T, B extends string> = T & { readonly [brand]: B };

/** Integer microseconds on the stream's own timeline (row 0 of an audio stream is 0; sensors bring their own epoch). */
export type Micros = Brand<number, 'us'>;
export type StreamId = Brand<string, 'StreamId'>;

export interface Clock {
  /** Monotonic microseconds; only differences mean anything. */
  now(): Micros;
}

export const micros = (value: number): Micros => Math.round(value) as Micros;
export const streamId = (value: string): StreamId => value as StreamId;
