// An opponent: somebody else's streaming model behind one interface, so that cost and quality are measured on the same thing.
// Not a pipeline: no gaps, no snapshots, no server; frames in order, one stream at a time or many. Who they are: open-peers.ts.

export interface Peer {
  readonly name: string;
  readonly rateHz: number;
  /** Rows of one channel that `process` takes at a time. */
  readonly frameRows: number;
  /** `audio`: an answer is as many rows, cleaned. `speech`: one probability. */
  readonly answers: 'audio' | 'speech';
  /**
   * Rows by which answers lag: row i of what comes out is row i - latencyRows of what went in, beside the frame that has to
   * be full first. For probabilities 0: they speak of their own frame.
   */
  readonly latencyRows: number;
  /** A stream of its own, as if nothing had been heard before. */
  start(): PeerStream;
}

export interface PeerStream {
  /**
   * frame [frameRows], in -1..1 -> [frameRows] rows, or [1] probability. What is returned holds until the next call. One
   * call at a time.
   */
  process(frame: Float32Array): Float32Array | Promise<Float32Array>;
  /** Gives back memory outside V8's. */
  close(): void;
}

/** The answers to all of `samples`, which are at the peer's rate; a last frame that is not full gets zeros behind it. */
export async function runPeer(peer: Peer, samples: Float32Array): Promise<Float32Array> {
  const { frameRows, answers } = peer;
  const frames = Math.ceil(samples.length / frameRows);
  const width = answers === 'audio' ? frameRows : 1;
  const out = new Float32Array(frames * width);
  const frame = new Float32Array(frameRows);
  const stream = peer.start();
  for (let at = 0; at < frames; at++) {
    const part = samples.subarray(at * frameRows, (at + 1) * frameRows);
    frame.fill(0, part.length);
    frame.set(part);
    out.set(await stream.process(frame), at * width);
  }
  stream.close();
  return out;
}

/** What a peer that answers with audio makes of `samples`, row for row beside them: the lag is taken out. */
export async function cleanedBy(peer: Peer, samples: Float32Array): Promise<Float32Array> {
  const padded = new Float32Array(samples.length + peer.latencyRows);
  padded.set(samples);
  const out = await runPeer(peer, padded);
  return out.slice(peer.latencyRows, peer.latencyRows + samples.length);
}
