// A stream's whole state as a value: what is needed to go on in another process with the same bytes out.

export interface Snapshot {
  readonly pipeline: string;
  readonly options: Readonly<Record<string, string | number>>;
  /** Content hashes of the models; a snapshot is refused by any other. */
  readonly modelIds: readonly string[];
  /** Name of the arithmetic that made the state; another name may differ in the last bits. */
  readonly numerics: string;
  readonly source: { readonly rateHz: number; readonly width: number };
  /** Source rows consumed into the state: the next row the stream wants. */
  readonly offset: number;
  /** Number the next result will carry. */
  readonly seq: number;
  /** State arenas by slot name. */
  readonly slots: Readonly<Record<string, Uint8Array>>;
}
