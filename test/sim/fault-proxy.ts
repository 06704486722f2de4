// A TCP proxy that does to connections what networks do: cuts them, lets them stand still, loses one side without telling
// the other, delays, and breaks what is sent into small pieces. Which of it happens to which connection, the seed says.

import { connect, createServer, type Server, type Socket } from 'node:net';

export interface FaultProxy {
  readonly port: number;
  /** How often each fault was chosen. */
  readonly counts: Readonly<Record<string, number>>;
  close(): Promise<void>;
}

interface Plan {
  readonly fault: 'none' | 'cut' | 'stall' | 'half-open' | 'delay' | 'fragments';
  /** Bytes towards the server after which it happens. */
  readonly afterBytes: number;
  readonly ms: number;
  /** half-open: what the client sends still arrives, what the server says does not. Otherwise nothing does. */
  readonly oneWay: boolean;
}

const FAULTS: readonly Plan['fault'][] = ['none', 'cut', 'cut', 'stall', 'half-open', 'delay', 'fragments'];
const FRAGMENTS_BYTES = 2000;

/** @param target the port of a server, looked up for each connection @param random in [0, 1) */
export async function faultProxy(target: () => number, random: () => number, bytes: number): Promise<FaultProxy> {
  const counts: Record<string, number> = {};
  const open = new Set<Socket>();
  const proxy: Server = createServer((near) => {
    const plan: Plan = {
      fault: FAULTS[Math.floor(random() * FAULTS.length)]!,
      afterBytes: Math.floor(random() * bytes),
      ms: 50 + Math.floor(random() * 600),
      oneWay: random() < 0.5,
    };
    counts[plan.fault] = (counts[plan.fault] ?? 0) + 1;
    const far = connect(target(), '127.0.0.1');
    for (const socket of [near, far]) {
      open.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
      socket.on('close', () => open.delete(socket));
    }
    relay(near, far, plan, random);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const { port } = proxy.address() as { port: number };
  return {
    port,
    counts,
    async close() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => proxy.close(resolve));
    },
  };
}

function relay(near: Socket, far: Socket, plan: Plan, random: () => number): void {
  const { fault, ms } = plan;
  let taken = 0;
  let struck = fault === 'delay' || fault === 'fragments';
  /** Both directions wait for it. */
  let until = 0;
  function strike(): void {
    struck = true;
    if (fault === 'stall') until = performance.now() + ms;
    if (fault === 'cut') for (const socket of [near, far]) socket.destroy();
  }
  const isLost = (toServer: boolean): boolean => struck && fault === 'half-open' && !(plan.oneWay && toServer);

  function pass(from: Socket, to: Socket, toServer: boolean): void {
    let tail: Promise<unknown> = Promise.resolve();
    from.on('data', (data) => {
      if (toServer) taken += data.length;
      if (!struck && fault !== 'none' && taken > plan.afterBytes) strike();
      if (isLost(toServer)) return;
      tail = tail.then(async () => {
        const wait = fault === 'delay' ? random() * 30 : until - performance.now();
        if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
        if (fault !== 'fragments') return void to.write(data);
        let at = 0;
        // Small pieces, then the rest in one: a whole stream in single bytes would take a minute.
        for (; at < Math.min(data.length, FRAGMENTS_BYTES); ) {
          const size = 1 + Math.floor(random() * 40);
          to.write(data.subarray(at, at + size));
          at += size;
          if (random() < 0.1) await new Promise((resolve) => setImmediate(resolve));
        }
        if (at < data.length) to.write(data.subarray(at));
      });
    });
    // A half-open connection is one whose end nobody hears of.
    from.on('close', () => {
      if (!(struck && fault === 'half-open' && toServer)) void tail.then(() => to.destroy());
      else setTimeout(() => to.destroy(), 5000).unref();
    });
  }
  pass(near, far, true);
  pass(far, near, false);
}
