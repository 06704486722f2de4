// What `start.resume` asks for: a new stream that is kept, a kept one to go on with, or one from a sealed state. Checks who
// asks before anything is taken over: a wrong ticket must not disturb the stream it names.

import { EngineError, engineError } from '../base/errors.ts';
import type { Snapshot } from '../item/snapshot.ts';
import type { LoadedPipeline } from '../pipeline/connect.ts';
import { type Checkpoint, decodeCheckpoint, type LogEntry } from '../wire/checkpoint-codec.ts';
import type { StartMessage } from '../wire/messages.ts';
import { decodeSnapshot } from '../wire/snapshot-codec.ts';
import type { BridgeContext } from './bridge-context.ts';
import { createKeeper, type Keeper } from './keeper.ts';
import { refused, unseal } from './seal.ts';
import { isValid, newTicket, readTicket, type Ticket } from './tickets.ts';

export interface OpenedState {
  readonly loaded: LoadedPipeline;
  readonly snapshot?: Snapshot;
  readonly kept?: {
    readonly keeper: Keeper;
    readonly after: string;
    readonly ended: boolean;
    /** What the stream said before that this client may not have. */
    readonly log: readonly LogEntry[];
    readonly logFirst: number;
    /** A token or a state was given. */
    readonly recovered: boolean;
    /** Number of the first result to be sent. */
    readonly sendFrom: number;
  };
}

/** Others who take the same stream at the same time: each try loses to another's success. */
const TRIES_MAX = 8;

/** @throws ERR_STATE_GONE, ERR_STATE_SEAL, ERR_STATE_FENCED, ERR_STATE_DAMAGED, ERR_STORE_FAILED, and what opening throws */
export async function openState(start: StartMessage, context: BridgeContext): Promise<OpenedState> {
  const { resume, pipeline, options = {} } = start;
  if (!resume) return { loaded: await context.openPipeline(pipeline, options) };
  if (resume.token !== undefined) return goOn(start, resume.token, context);
  const loaded = await context.openPipeline(pipeline, options);
  const snapshot = resume.state === undefined ? undefined : await unsealed(resume.state, loaded, context);
  const ticket = newTicket();
  const { epoch } = await context.states.store.claim(ticket.key, 0);
  const sendFrom = snapshot?.seq ?? 0;
  const keeper = keeperOf(context, epoch, start.stream ?? context.id, ticket);
  const kept = { keeper, after: '', ended: false, log: [], logFirst: sendFrom, recovered: !!snapshot, sendFrom };
  return { loaded, kept, ...(snapshot ? { snapshot } : {}) };
}

async function goOn(start: StartMessage, token: string, context: BridgeContext): Promise<OpenedState> {
  const used = readTicket(token);
  if (!used) throw gone();
  const { checkpoint, epoch } = await takeOver(used, context);
  const sendFrom = start.resume!.seq ?? 0;
  if (sendFrom < checkpoint.logFirst) {
    throw engineError('ERR_STATE_GONE', `results from ${sendFrom} are no longer kept`, {
      expected: `resume.seq from ${checkpoint.logFirst}, or a new stream`,
    });
  }
  const { snapshot, stream, after, ended, log, logFirst } = checkpoint;
  const loaded = await context.openPipeline(start.pipeline, snapshot.options);
  const keeper = keeperOf(context, epoch, stream, newTicket(used.key), used);
  return { loaded, snapshot, kept: { keeper, after, ended, log, logFirst, recovered: true, sendFrom } };
}

/** Looks first, takes second: only who may attach ends the connection that has the stream now. */
async function takeOver(used: Ticket, { states, limits, tenant }: BridgeContext) {
  const { store } = states;
  const readable = (bytes: Uint8Array | undefined): Checkpoint => {
    const checkpoint = bytes && decodeCheckpoint(bytes);
    const valid =
      checkpoint &&
      isValid(used, checkpoint.tickets) &&
      checkpoint.tenant === tenant &&
      states.nowMs() - checkpoint.savedMs <= limits.resumeMsMax;
    if (!valid) throw gone();
    return checkpoint;
  };
  for (let tries = 0; ; tries++) {
    readable((await store.get(used.key))?.bytes);
    await states.evict(used.key);
    const stored = await store.get(used.key);
    readable(stored?.bytes);
    try {
      const claimed = await store.claim(used.key, stored!.epoch);
      return { checkpoint: readable(claimed.bytes), epoch: claimed.epoch };
    } catch (thrown) {
      const raced = thrown instanceof EngineError && thrown.code === 'ERR_STATE_FENCED';
      if (!raced || tries === TRIES_MAX) throw thrown;
    }
  }
}

/** Each sealed state opens once, for all servers that share the store. */
async function unsealed(text: string, loaded: LoadedPipeline, { states, tenant }: BridgeContext): Promise<Snapshot> {
  const { state, id } = unseal(text, bindingOf(loaded, tenant), states.nowMs(), states.sealKeys);
  const mark = `sealed-${id}`;
  const { epoch } = await states.store.claim(mark, 0).catch((thrown: unknown) => {
    throw thrown instanceof EngineError && thrown.code === 'ERR_STATE_FENCED' ? refused() : thrown;
  });
  await states.store.put(mark, epoch, new Uint8Array(0));
  return decodeSnapshot(state);
}

export const bindingOf = ({ pipeline, modelIds, numerics }: LoadedPipeline, tenant: string) => ({
  tenant,
  pipeline: pipeline.name,
  modelIds,
  numerics,
});

export function keeperOf(
  { states, limits, tenant }: BridgeContext,
  epoch: number,
  stream: string,
  ticket: Ticket,
  used?: Ticket,
): Keeper {
  const { store, nowMs } = states;
  const { checkpointMsMax: checkpointMs, checkpointBytesMax: checkpointBytes, resumeMsMax: resumeMs } = limits;
  const times = { nowMs, checkpointMs, checkpointBytes, resumeMs };
  return createKeeper({ store, epoch, stream, tenant, ticket, used, ...times });
}

/** The same words for a stream that never was, one that is over, and a ticket that is not its. */
const gone = (): EngineError =>
  engineError('ERR_STATE_GONE', 'no stream can be resumed with this ticket', { expected: 'to start anew' });
