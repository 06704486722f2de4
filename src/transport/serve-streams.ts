// The streaming server: takes a transport's connections, gives each a bridge, and works all their sessions in turns.
// It opens no port and reads no configuration: app/ makes the transport and passes limits and pipelines in.

import { type EngineError, engineError } from '../base/errors.ts';
import type { Clock } from '../base/units.ts';
import { createPump } from '../session/pump.ts';
import { type Codec, PROTOCOL_PB } from '../wire/codec.ts';
import { jsonCodec } from '../wire/json-codec.ts';
import { pbCodec } from '../wire/pb-codec.ts';
import { Bridge } from './bridge.ts';
import type { OpenPipeline } from './bridge-context.ts';
import { type StreamLimits, TICK_MS } from './limits.ts';
import { type Connection, closeReason, type Transport } from './transport.ts';

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
  /** Microseconds from the arrival of a chunk to the socket taking a result of it, for every result. */
  readonly observe?: (us: number) => void;
  /** One line per stream's life; never a payload. */
  readonly log?: (event: StreamEvent) => void;
}

export interface StreamServer {
  /** Connections there are. */
  sessions(): number;
  /** No new streams; the ones there are get `drain`, their answers, `end`, and 1001. Resolves when all are gone. */
  drain(deadlineMs: number): Promise<void>;
  /** Ends what is left at once (ERR_DRAINING) and closes the transport. */
  close(): Promise<void>;
}

export function serveStreams(options: ServeOptions): StreamServer {
  const { transport, clock, limits, openPipeline, log = () => undefined } = options;
  const bridges = new Set<Bridge>();
  const pump = createPump(clock);
  let ticker: ReturnType<typeof setInterval> | undefined;
  let draining = false;
  let emptied: () => void = () => undefined;

  function tick(): void {
    for (const bridge of bridges) bridge.tick();
  }
  function accept(connection: Connection): void {
    const codec = connection.protocol === PROTOCOL_PB ? pbCodec : jsonCodec;
    if (draining) return refuse(connection, codec, engineError('ERR_DRAINING', 'the server is going down'));
    if (bridges.size >= limits.sessionsMax) {
      const error = engineError('ERR_SESSION_LIMIT', `all ${limits.sessionsMax} places are taken`);
      return refuse(connection, codec, error);
    }
    const id = crypto.randomUUID();
    const bridge: Bridge = new Bridge(connection, codec, {
      id,
      openPipeline,
      clock,
      limits,
      observe: options.observe,
      join: pump.join,
      closed(error) {
        bridges.delete(bridge);
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
  function refuse(connection: Connection, codec: Codec, error: EngineError): void {
    const { code, message } = error;
    connection.messages$.subscribe();
    connection.send(codec.encodeServer({ type: 'error', code, fatal: true, message }));
    connection.close(error.closeCode, closeReason(code));
    log({ event: 'refused', error });
  }

  const subscription = transport.connections$.subscribe(accept);
  return {
    sessions: () => bridges.size,
    async drain(deadlineMs) {
      draining = true;
      if (bridges.size === 0) return;
      const empty = new Promise<void>((resolve) => {
        emptied = resolve;
      });
      for (const bridge of [...bridges]) bridge.drain(deadlineMs);
      await empty;
    },
    async close() {
      draining = true;
      for (const bridge of [...bridges]) bridge.fail(engineError('ERR_DRAINING', 'the server is going down'));
      subscription.unsubscribe();
      await transport.close();
    },
  };
}
