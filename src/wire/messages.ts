// Every message of the wire as a TypeScript type: what proto/stream.proto says, in the shape of the JSON text (snake_case,
// discriminated by `type`). Both codecs produce and take exactly these. Not the items of a pipeline: see result-message.ts.

export interface FormatMessage {
  /** One of ENCODINGS; text, so that a wrong one can be named in the answer. */
  readonly encoding: Encoding;
  /** Rows per second; 0 or absent: unknown. */
  readonly rate?: number;
  /** Values per row. For csv and ndjson `fields` can say it instead. */
  readonly channels?: number;
  /** csv, ndjson: all columns in order, the time column included. */
  readonly fields?: readonly string[];
  /** Name of the time column; without `fields` it is the first column. */
  readonly time?: string;
  readonly time_unit?: TimeUnit;
}

export const ENCODINGS = ['pcm_s16le', 'f32le', 'csv', 'ndjson'] as const;
export type Encoding = (typeof ENCODINGS)[number];
export const TIME_UNITS = ['iso', 's', 'ms', 'us', 'ns'] as const;
export type TimeUnit = (typeof TIME_UNITS)[number];
export const POLICIES = ['block', 'drop_oldest', 'reject'] as const;
export type PolicyName = (typeof POLICIES)[number];
/** How binary messages begin. raw: rows and nothing else. framed: a header of 24 bytes, also before results (frame.ts). */
export const FRAMINGS = ['raw', 'framed'] as const;
export type Framing = (typeof FRAMINGS)[number];
export type OptionMap = Readonly<Record<string, string | number>>;

// ---- client to server ----

export interface StartMessage {
  readonly type: 'start';
  readonly v: 1;
  readonly pipeline: string;
  readonly stream?: string;
  readonly format: FormatMessage;
  readonly frame?: Framing;
  readonly policy?: PolicyName;
  readonly ack_ms?: number;
  readonly options?: OptionMap;
  /** A stream that outlives its connection. {}: a new one. On the wire as JSON, true is the same. */
  readonly resume?: ResumeRequest;
}
export interface ResumeRequest {
  readonly token?: string;
  /** A sealed state instead of a token. */
  readonly state?: string;
  /** Results before this number have arrived. */
  readonly seq?: number;
}
/** millrace.v1: a binary message (`offset` absent). millrace.v1.pb: inside the Envelope. framed: behind a header. */
export interface RowsMessage {
  readonly type: 'rows';
  readonly offset?: number;
  /** framed only: rows in `data`, as the header says. */
  readonly count?: number;
  readonly data: Uint8Array;
}
export interface GapMessage {
  readonly type: 'gap';
  readonly from: number;
  readonly to: number;
  readonly why: string;
}
export interface KeepaliveMessage {
  readonly type: 'keepalive';
}
export interface FinalizeMessage {
  readonly type: 'finalize';
  readonly id: string;
}
/** To the server: begin anew. Back: done, before row `offset`. */
export interface ResetMessage {
  readonly type: 'reset';
  readonly id: string;
  readonly offset?: number;
}
/** To the server: the state at this place. Back: where that is, and the sealed state when it was to come inline. */
export interface SnapshotMessage {
  readonly type: 'snapshot';
  readonly id: string;
  readonly inline?: boolean;
  readonly offset?: number;
  readonly seq?: number;
  readonly state?: string;
  readonly expires_ms?: number;
}
/** To the server: a second stream from this place. Back: where that is, and the token to attach to it. */
export interface ForkMessage {
  readonly type: 'fork';
  readonly id: string;
  readonly stream?: string;
  readonly offset?: number;
  readonly seq?: number;
  readonly token?: string;
}
/** To the server: other options from here. Back: done, and all options, before row `offset`. */
export interface UpdateMessage {
  readonly type: 'update';
  readonly id: string;
  readonly options: OptionMap;
  readonly offset?: number;
}
/** Results before `seq` are safe with the client. */
export interface ReceivedMessage {
  readonly type: 'received';
  readonly seq: number;
}
export interface CloseMessage {
  readonly type: 'close';
}
export type ClientMessage =
  | StartMessage
  | RowsMessage
  | GapMessage
  | KeepaliveMessage
  | FinalizeMessage
  | ResetMessage
  | SnapshotMessage
  | ForkMessage
  | UpdateMessage
  | ReceivedMessage
  | CloseMessage;

// ---- server to client ----

export interface ReadyMessage {
  readonly type: 'ready';
  readonly session: string;
  readonly stream: string;
  readonly recovered: boolean;
  /** First row wanted. */
  readonly offset: number;
  readonly seq: number;
  readonly pipeline: string;
  readonly model?: { readonly name: string; readonly sha256: string };
  readonly numerics: string;
  readonly state_bytes: number;
  /** Bytes that may be outstanding past the last ack. */
  readonly credit: number;
  readonly limits: {
    /** Bytes of one message. */
    readonly max_message: number;
    readonly idle_ms: number;
    /** Rows of one gap. */
    readonly max_gap: number;
    /** Messages that may be outstanding past the last ack. */
    readonly max_outstanding: number;
    /** Bytes sent and not read: beyond it the stream waits until they are. */
    readonly max_backlog?: number;
    /** Bytes of results kept that no `received` has confirmed; of resumable streams. */
    readonly max_log?: number;
    /** Streams at once, handshakes and tickets: beyond them is HTTP 429. Where somebody guards the door. */
    readonly max_streams_per_key?: number;
    readonly max_streams_per_address?: number;
    readonly max_handshakes_per_minute?: number;
  };
  /** There when start asked for it: results in `framed`, and audio, come as framed binary. */
  readonly frame?: 'framed';
  /** A framed detection's channel is an index into this list. What is not in it comes as the subprotocol has it. */
  readonly framed?: readonly FramedOp[];
  /** There when start asked for it. */
  readonly resume?: Resumable;
}
export interface Resumable {
  /** For the next connection. The one before is void once this one is used, or once `received` came. */
  readonly token: string;
  /** For so long after the connection is lost. */
  readonly ttl_ms: number;
  /** Id of the last finalize, reset or update that is in the state: send again what followed it. */
  readonly after?: string;
}
/** The names that a framed detection leaves out. */
export interface FramedOp {
  readonly op: string;
  readonly values: readonly string[];
}
export interface AckMessage {
  readonly type: 'ack';
  /** Rows consumed into state; their results were sent before this message. */
  readonly offset: number;
  readonly credit: number;
  readonly lag_ms: number;
  /** Resumable streams: rows whose state is stored, which need not be sent again. */
  readonly durable?: number;
}
/** Numbers are float32, printed as short as they can be; null stands for NaN. */
export interface DetectionData {
  readonly [name: string]: number | null;
}
/** mean, lower, upper: [horizon][column]; anomaly: [column]. When asked for: quantiles .1 .. .9, and by name who speaks. */
export interface ForecastData {
  readonly horizons: readonly number[];
  readonly mean: readonly (readonly (number | null)[])[];
  readonly lower: readonly (readonly (number | null)[])[];
  readonly upper: readonly (readonly (number | null)[])[];
  readonly anomaly: readonly (number | null)[];
  /** [quantile][horizon][column] */
  readonly quantiles?: readonly (readonly (readonly (number | null)[])[])[];
  /** [horizon][column] */
  readonly experts?: readonly (readonly string[])[];
}
/** samples: [rows, width]; in JSON text base64 of f32le. */
export interface AudioData {
  readonly width: number;
  readonly samples: Float32Array;
}
export type ResultData = DetectionData | ForecastData | AudioData;
export interface ResultMessage {
  readonly type: 'result';
  readonly seq: number;
  readonly op: string;
  readonly from: number;
  readonly to: number;
  readonly final: boolean;
  /** Time of row `from` in microseconds; absent when from and rate say it. */
  readonly t_us?: number;
  readonly data: ResultData;
}
export interface FinalizedMessage {
  readonly type: 'finalized';
  readonly id: string;
  readonly offset: number;
  readonly seq: number;
}
export interface ErrorMessage {
  readonly type: 'error';
  readonly code: string;
  readonly fatal: boolean;
  readonly message: string;
  readonly expected?: string;
}
export interface EndMessage {
  readonly type: 'end';
  readonly offset: number;
  readonly results: number;
  readonly gaps: number;
  readonly digest: string;
}
export interface DrainMessage {
  readonly type: 'drain';
  readonly deadline_ms: number;
  /** Resumable streams: the state is stored, this goes on with it. */
  readonly token?: string;
  /** Where to go on; absent: here again. */
  readonly url?: string;
}
export type ServerMessage =
  | ReadyMessage
  | AckMessage
  | ResultMessage
  | GapMessage
  | FinalizedMessage
  | ResetMessage
  | SnapshotMessage
  | ForkMessage
  | UpdateMessage
  | ErrorMessage
  | EndMessage
  | DrainMessage;

export const isForecastData = (data: ResultData): data is ForecastData =>
  Array.isArray((data as Partial<ForecastData>).horizons);
export const isAudioData = (data: ResultData): data is AudioData =>
  (data as Partial<AudioData>).samples instanceof Float32Array;
