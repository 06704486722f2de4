// Every error Millrace can raise on purpose: one table, one constructor. docs/errors.md documents each code and a test
// compares both. Scope says what dies: the chunk (the stream goes on), the stream (its socket closes), the process.

export type Scope = 'chunk' | 'stream' | 'process';

/** code -> [scope, WebSocket close code (0: the socket stays open or there is none)]. */
export const ERROR_CODES = {
  // What a client sent.
  ERR_WIRE_MALFORMED: ['stream', 1007],
  ERR_WIRE_TOO_LARGE: ['stream', 1009],
  ERR_WIRE_VERSION: ['stream', 1002],
  ERR_START_MISSING: ['stream', 1002],
  ERR_START_INVALID: ['stream', 4400],
  ERR_PIPELINE_UNKNOWN: ['stream', 4404],
  ERR_FORMAT_UNSUPPORTED: ['stream', 4415],
  ERR_OPTION_INVALID: ['stream', 4400],
  ERR_TYPE_UNKNOWN: ['chunk', 0],
  ERR_PARTIAL_SAMPLE: ['chunk', 0],
  ERR_NON_FINITE_INPUT: ['chunk', 0],
  ERR_ROW_MALFORMED: ['chunk', 0],
  ERR_GAP_INVALID: ['chunk', 0],
  ERR_CREDIT_OVERRUN: ['stream', 4413],
  ERR_SEQ_REGRESSION: ['stream', 1008],
  ERR_IDLE: ['stream', 4408],
  ERR_SESSION_LIMIT: ['stream', 1013],
  ERR_UNAUTHENTICATED: ['stream', 0],
  ERR_TOKEN_EXPIRED: ['stream', 4401],
  ERR_KEYS_UNAVAILABLE: ['stream', 0],
  ERR_FORBIDDEN: ['stream', 0],
  ERR_RATE_LIMIT: ['stream', 0],
  ERR_DRAINING: ['stream', 1001],
  // What happened inside.
  ERR_NON_FINITE_STATE: ['chunk', 0],
  ERR_CONTEXT_FULL: ['stream', 4413],
  ERR_ONNX_WORKER: ['chunk', 0],
  ERR_INVARIANT: ['stream', 1011],
  ERR_STATE_LAYOUT: ['stream', 4410],
  ERR_STATE_MODEL: ['stream', 4410],
  ERR_STATE_GONE: ['stream', 4410],
  ERR_STATE_SEAL: ['stream', 4410],
  ERR_STATE_DAMAGED: ['stream', 4410],
  ERR_STATE_FENCED: ['stream', 4409],
  ERR_STATE_TOO_LARGE: ['stream', 1011],
  ERR_STORE_FAILED: ['stream', 1011],
  // What was asked of the process.
  ERR_WEIGHTS_MISSING: ['process', 0],
  ERR_WEIGHTS_SHAPE: ['process', 0],
  ERR_WEIGHTS_NOT_FINITE: ['process', 0],
  ERR_CONFIG_INVALID: ['process', 0],
  ERR_ONNX_MODEL: ['process', 0],
  ERR_FILE_NOT_FOUND: ['process', 0],
  ERR_FILE_NOT_AUDIO: ['process', 0],
  ERR_FILE_NOT_CSV: ['process', 0],
  ERR_OUTPUT_FAILED: ['process', 0],
  ERR_AUDIO_SYSTEM: ['process', 0],
  ERR_MICROPHONE_DENIED: ['process', 0],
  ERR_PORT_IN_USE: ['process', 0],
  ERR_CONNECT_FAILED: ['process', 0],
  ERR_ENGINE_UNAVAILABLE: ['process', 0],
  ERR_MEMORY_FULL: ['process', 0],
  ERR_USAGE: ['process', 0],
} as const satisfies Record<string, readonly [Scope, number]>;

export type ErrorCode = keyof typeof ERROR_CODES;

export interface ErrorDetail extends ErrorOptions {
  /** What would have been right, in the reader's terms: shown beside the message and sent as `expected` on the wire. */
  readonly expected?: string;
}

/** An error with a stable code. `message` says what was wrong; `expected` says what to do. Never carries payload data. */
export class EngineError extends Error {
  readonly code: ErrorCode;
  readonly scope: Scope;
  readonly closeCode: number;
  readonly expected: string | undefined;
  constructor(code: ErrorCode, message: string, detail: ErrorDetail = {}) {
    super(message, detail);
    this.name = 'EngineError';
    this.code = code;
    this.scope = ERROR_CODES[code][0];
    this.closeCode = ERROR_CODES[code][1];
    this.expected = detail.expected;
  }
}

export function engineError(code: ErrorCode, message: string, detail?: ErrorDetail): EngineError {
  return new EngineError(code, message, detail);
}

/** Whatever was thrown, as an EngineError: an unexpected throw is our fault, hence ERR_INVARIANT. */
export function asEngineError(thrown: unknown): EngineError {
  if (thrown instanceof EngineError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new EngineError('ERR_INVARIANT', message, { cause: thrown });
}
