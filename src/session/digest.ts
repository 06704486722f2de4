// The digest of a stream's outputs: equal digests mean the same results and the same gaps, whatever the chunking, the
// process, the transport or its encoding. It is a hash chain, d' = sha256(d || record), because a chain's state is 32
// bytes that fit in a snapshot; adjacent gaps of one cause count as one, since how a gap was cut up is the sender's affair.

import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
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
      let names = '';
      let count = 0;
      for (const name of Object.keys(item.values)) {
        names += count === 0 ? name : ` ${name}`;
        if (count === readings.length) readings = grown(readings);
        readings[count++] = item.values[name]!;
      }
      return link(state, `${item.name} ${item.from} ${item.to} ${names}`, [readings.subarray(0, count)]);
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

/** The gap that was the last output, if it was one. */
export function lastGap({
  at: { pendingGap },
}: DigestState): { readonly to: number; readonly why: GapCause } | undefined {
  const why = CAUSES[pendingGap[2]!];
  return why && { to: pendingGap[1]!, why };
}

/** A gap without rows yet, from `at` on: none at all if what comes next begins there, or is of another kind. */
export function openGap({ at: { pendingGap } }: DigestState, at: number, why: GapCause): void {
  if (pendingGap[0]! < 0) pendingGap.set([at, at, CAUSES.indexOf(why)]);
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
  if (gap[0]! < gap[1]!) {
    link(state, `gap ${gap[0]} ${gap[1]} ${CAUSES[gap[2]!]}`, []);
    state.at.counts[1]! += 1;
  }
  gap.fill(-1);
}

/** Grown once a detection with more values comes; one process has one, since a link is made in one go. */
let readings = new Float32Array(16);

function grown(values: Float32Array): Float32Array<ArrayBuffer> {
  const more = new Float32Array(2 * values.length);
  more.set(values);
  return more;
}

/** Made once and started over for each link: a new hash object costs more than hashing these hundred bytes. */
const fresh = sha256.create();
const running = sha256.create();
const utf8 = new TextEncoder();
/** chain || header: the first bytes of every link. */
const opening = new Uint8Array(1024);

function link(state: DigestState, header: string, arrays: readonly Float32Array[]): void {
  const chain = new Uint8Array(state.at.chain.buffer, state.at.chain.byteOffset, 32);
  const text = `${header}\n`;
  fresh._cloneInto(running);
  if (32 + 3 * text.length <= opening.length) {
    opening.set(chain);
    const { written } = utf8.encodeInto(text, opening.subarray(32));
    running.update(opening.subarray(0, 32 + written));
  } else running.update(chain).update(utf8.encode(text));
  for (const array of arrays) running.update(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
  running.digestInto(chain);
}
