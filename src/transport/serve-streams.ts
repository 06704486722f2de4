// The streaming server: takes a transport's connections, gives each a bridge, and works all their sessions in turns.
// It opens no port and reads no configuration: app/ makes the transport and passes limits and pipelines in.

import { type EngineError, engineError } from '../base/errors.ts';
import type { Clock } from '../base/units.ts';
import { createPump } from '../session/pump.ts';
import { memoryStore } from '../store/memory-store.ts';
import { type Codec, PROTOCOL_PB } from '../wire/codec.ts';
import { jsonCodec } from '../wire/json-codec.ts';
import { pbCodec } from '../wire/pb-codec.ts';
import { Bridge } from './bridge.ts';
import type { OpenPipeline } from './bridge-context.ts';
import { type StreamLimits, TICK_MS } from './limits.ts';
import { Line } from './line.ts';
import { createStates, type StatesOptions } from './states.ts';
import type { OpenMeter } from './stream-meter.ts';
import { type Connection, comerOf, type Transport } from './transport.ts';

export type StreamEvent =
  | { readonly event: 'opened'; readonly id: string }
  | { readonly event: 'closed'; readonly id: string; readonly error?: EngineError }
  | { readonly event: 'refused'; readonly error: EngineError };

export interface ServeOptions {
  readonly transport: Transport;
  /** By name as a client gives it. Rejects with ERR_PIPELINE_UNKNOWN, ERR_OPTION_INVALID or whatever loading says. */
  readonly openPipeline: OpenPipeline;
  readonly clock: Clock;
  readonly limits: StreamLimits;
  /** Where resumable streams are kept. Default: this process's memory, and no sealed states. */
  readonly states?: StatesOptions;
  readonly meter?: OpenMeter | undefined;
  /** One line per stream's life; never a payload. */
  readonly log?: (event: StreamEvent) => void;
}

export interface StreamServer {
  /** Connections there are. */
  sessions(): number;
  /**
   * No new streams. Ordinary ones get `drain`, their answers, `end`, and 1001; resumable ones are stored and get `drain`
   * with their token, and 1012. Resolves when all are gone. @param url where resumable ones go on; absent: the same address
   */
  drain(deadlineMs: number, url?: string): Promise<void>;
  /** Ends what is left at once (ERR_DRAINING) and closes the transport. */
  close(): Promise<void>;
}

export function serveStreams(options: ServeOptions): StreamServer {
  const { transport, clock, limits, openPipeline, log = () => undefined } = options;
  const bridges = new Set<Bridge>();
  const pump = createPump(clock);
  const states = createStates(options.states ?? { store: memoryStore({ ageMsMax: limits.resumeMsMax }) });
  let ticker: ReturnType<typeof setInterval> | undefined;
  let draining = false;
  let emptied: () => void = () => undefined;

  function tick(): void {
    for (const bridge of bridges) bridge.tick();
  }
  function accept(connection: Connection): void {
    const codec = connection.protocol === PROTOCOL_PB ? pbCodec : jsonCodec;
    if (draining) return refuse(connection, codec, engineError('ERR_DRAINING', 'the server is going down'), log);
    if (bridges.size >= limits.sessionsMax) {
      const error = engineError('ERR_SESSION_LIMIT', `all ${limits.sessionsMax} places are taken`);
      return refuse(connection, codec, error, log);
    }
    const id = crypto.randomUUID();
    const bridge: Bridge = new Bridge(connection, codec, {
      id,
      openPipeline,
      clock,
      limits,
      states,
      ...comerOf(connection),
      meter: options.meter,
      join: pump.join,
      closed(gone, error) {
        bridges.delete(bridge);
        states.leaving(gone);
        log({ event: 'closed', id, ...(error ? { error } : {}) });
        if (bridges.size > 0) return;
        clearInterval(ticker);
        ticker = undefined;
        emptied();
      },
    });
    bridges.add(bridge);
    log({ event: 'opened', id });
    ticker ??= setInterval(tick, TICK_MS);
  }
  const subscription = transport.connections$.subscribe(accept);
  return {
    sessions: () => bridges.size,
    async drain(deadlineMs, url) {
      draining = true;
      if (bridges.size === 0) return states.settled();
      const empty = new Promise<void>((resolve) => {
        emptied = resolve;
      });
      for (const bridge of [...bridges]) bridge.drain(deadlineMs, url);
      await empty;
      await states.settled();
    },
    async close() {
      draining = true;
      for (const bridge of [...bridges]) void bridge.fail(engineError('ERR_DRAINING', 'the server is going down'));
      states.close();
      await states.settled();
      subscription.unsubscribe();
      await transport.close();
    },
  };
}

function refuse(connection: Connection, codec: Codec, error: EngineError, log: (event: StreamEvent) => void): void {
  const line = new Line(connection, codec);
  connection.messages$.subscribe();
  line.fail(error);
  log({ event: 'refused', error });
}
