// The public door of the client: `import { connect } from 'millrace/client'`, in browsers and in Node.
// What the messages mean: proto/stream.proto. Results as pipeline items: fromResultMessage.

export { EngineError } from '../base/errors.ts';
export type {
  AckMessage,
  DrainMessage,
  EndMessage,
  FinalizedMessage,
  ForkMessage,
  FormatMessage,
  Framing,
  GapMessage,
  ReadyMessage,
  ResetMessage,
  ResultMessage,
  ResumeRequest,
  SnapshotMessage,
  UpdateMessage,
} from '../wire/messages.ts';
export { fromResultMessage } from '../wire/result-message.ts';
export type { WebSocketLike } from '../wire/socket-like.ts';
export type { Credentials } from './credentials.ts';
export type { ClientState, ConnectOptions, Lag } from './options.ts';
export type { RowsInput } from './rows-pieces.ts';
export type { OpenSocket } from './socket.ts';
export { connect, type StreamClient } from './stream-client.ts';
