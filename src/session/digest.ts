// The digest of a stream's outputs: equal digests mean the same results and the same gaps, whatever the chunking, the
// process, the transport or its encoding. It is a hash chain, d' = sha256(d || record), because a chain's state is 32
// bytes that fit in a snapshot; adjacent gaps of one cause count as one, since how a gap was cut up is the sender's affair.

import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { f64, makeState, type State, u32 } from '../cell/state.ts';
import type { Gap, GapCause, ResultItem } from '../item/item.ts';

export const DIGEST_LAYOUT = { chain: u32(8), pendingGap: f64(3), counts: f64(2) } as const;
export type DigestState = State<typeof DIGEST_LAYOUT>;

const CAUSES: readonly GapCause[] = ['client', 'lost', 'late', 'shed', 'fault'];

export function initDigest(state: DigestState): void {
  state.at.chain.fill(0);
  state.at.pendingGap.fill(-1);
  state.at.counts.fill(0);
}

/** Adds one output, in order. */
export function updateDigest(state: DigestState, item: ResultItem | Gap): void {
  if (item.kind === 'gap') {
    const gap = state.at.pendingGap;
    const cause = CAUSES.indexOf(item.why);
    if (gap[1] === item.from && gap[2] === cause) {
      gap[1] = item.to;
      return;
    }
    closeGap(state);
    gap[0] = item.from;
    gap[1] = item.to;
    gap[2] = cause;
    return;
  }
  closeGap(state);
  state.at.counts[0]! += 1;
  switch (item.kind) {
    case 'chunk':
      return link(state, `chunk ${item.from} ${item.to}`, [item.data]);
    case 'detection': {
      const names = Object.keys(item.values);
      const values = Float32Array.from(Object.values(item.values));
      return link(state, `${item.name} ${item.from} ${item.to} ${names.join(' ')}`, [values]);
    }
    case 'forecast':
      return link(state, `forecast ${item.from} ${item.to} ${item.horizons.join(' ')}`, [
        item.mean,
        item.lower,
        item.upper,
        item.anomaly,
      ]);
    default:
      item satisfies never;
  }
}

/** Results, gaps (coalesced) and the digest so far, as hex with its algorithm in front. Reads a copy: the chain goes on. */
export function readDigest(live: DigestState): { results: number; gaps: number; digest: string } {
  const state = makeState(DIGEST_LAYOUT);
  state.bytes.set(live.bytes);
  closeGap(state);
  const chain = new Uint8Array(state.at.chain.buffer, state.at.chain.byteOffset, 32);
  return { results: state.at.counts[0]!, gaps: state.at.counts[1]!, digest: `sha256:${bytesToHex(chain)}` };
}

function closeGap(state: DigestState): void {
  const gap = state.at.pendingGap;
  if (gap[0]! < 0) return;
  link(state, `gap ${gap[0]} ${gap[1]} ${CAUSES[gap[2]!]}`, []);
  state.at.counts[1]! += 1;
  gap.fill(-1);
}

function link(state: DigestState, header: string, arrays: readonly Float32Array[]): void {
  const chain = new Uint8Array(state.at.chain.buffer, state.at.chain.byteOffset, 32);
  const hash = sha256
    .create()
    .update(chain)
    .update(utf8ToBytes(`${header}\n`));
  for (const array of arrays) hash.update(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
  chain.set(hash.digest());
}
