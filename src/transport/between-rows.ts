// The commands that need the state between two rows, when all before them is consumed and nothing after them has begun:
//   snapshot  the state, stored or sealed;  fork  a second stream from here;  update  other options from here on
// None of them changes a result before its place. open-stream.ts says when.

import { asEngineError, type EngineError, engineError } from '../base/errors.ts';
import type { Snapshot } from '../item/snapshot.ts';
import type { LoadedPipeline } from '../pipeline/connect.ts';
import type { ClientMessage, ForkMessage, ServerMessage, SnapshotMessage, UpdateMessage } from '../wire/messages.ts';
import { encodeSnapshot } from '../wire/snapshot-codec.ts';
import type { BridgeContext } from './bridge-context.ts';
import { bindingOf, keeperOf } from './open-state.ts';
import { seal } from './seal.ts';
import { newTicket } from './tickets.ts';

export type BetweenMessage = SnapshotMessage | ForkMessage | UpdateMessage;

export const isBetween = (message: ClientMessage): message is BetweenMessage =>
  message.type === 'snapshot' || message.type === 'fork' || message.type === 'update';

export interface StillStream {
  readonly context: BridgeContext;
  readonly loaded: LoadedPipeline;
  /** Kept under this name, when it is resumable. */
  readonly stream: string | undefined;
  snapshot(): Snapshot;
  /** Goes on under other options. @throws ERR_STATE_LAYOUT, and nothing has changed */
  replace(loaded: LoadedPipeline, snapshot: Snapshot): void;
}

/** @returns the answer. @throws what the client is told; the stream goes on as before */
export async function answerBetween(message: BetweenMessage, stream: StillStream): Promise<ServerMessage> {
  const snapshot = stream.snapshot();
  const { offset, seq } = snapshot;
  switch (message.type) {
    case 'snapshot': {
      if (message.inline) return { type: 'snapshot', id: message.id, offset, seq, ...sealed(snapshot, stream) };
      if (stream.stream === undefined) throw notResumable('snapshot without inline');
      return { type: 'snapshot', id: message.id, offset, seq };
    }
    case 'fork':
      return { type: 'fork', id: message.id, offset, seq, token: await fork(message, snapshot, stream) };
    case 'update': {
      const options = await update(message, snapshot, stream);
      return { type: 'update', id: message.id, options, offset };
    }
  }
}

/** Room for the words of a start around a sealed state. */
const START_BYTES = 4096;

function sealed(snapshot: Snapshot, { context, loaded }: StillStream) {
  const { states, limits, tenant } = context;
  const [key] = states.sealKeys;
  if (!key)
    throw refusal('this server has no key to seal states with', 'snapshot without inline, or a server with one');
  const expires = states.nowMs() + limits.resumeMsMax;
  const state = seal(encodeSnapshot(snapshot), bindingOf(loaded, tenant), expires, key);
  if (state.length > limits.messageBytesMax - START_BYTES) {
    throw engineError('ERR_STATE_TOO_LARGE', `a sealed state of ${state.length} characters fits in no message`, {
      expected: 'snapshot without inline',
    });
  }
  return { state, expires_ms: Math.floor(expires) };
}

async function fork({ stream: name }: ForkMessage, snapshot: Snapshot, stream: StillStream): Promise<string> {
  if (stream.stream === undefined) throw notResumable('fork');
  const { context } = stream;
  const ticket = newTicket();
  const { epoch } = await context.states.store.claim(ticket.key, 0);
  const keeper = keeperOf(context, epoch, name ?? stream.stream, ticket);
  await keeper.save({ snapshot, after: '', ended: false, log: [], logFirst: snapshot.seq }, context.clock.now());
  return ticket.token;
}

async function update({ options }: UpdateMessage, snapshot: Snapshot, stream: StillStream) {
  const { loaded, context } = stream;
  const next = await context.openPipeline(loaded.pipeline.name, { ...loaded.options, ...options });
  const sameModels = JSON.stringify(next.modelIds) === JSON.stringify(loaded.modelIds);
  const expected = 'options that change neither the model nor the size of the state; otherwise a new stream';
  if (!sameModels) throw refusal('these options need another model than the state is of', expected);
  try {
    stream.replace(next, { ...snapshot, options: next.options });
  } catch (thrown) {
    if (asEngineError(thrown).code !== 'ERR_STATE_LAYOUT') throw thrown;
    throw refusal('these options need a state of another size', expected);
  }
  return next.options;
}

const refusal = (what: string, expected: string): EngineError => engineError('ERR_OPTION_INVALID', what, { expected });

const notResumable = (what: string): EngineError =>
  refusal(`${what} needs a resumable stream`, '"resume": true in start');
