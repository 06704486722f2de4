// The one memory of the WebAssembly kernels: weights, scratch and all streams' states lie in it, so that a kernel gets
// addresses and nothing is copied. It is reserved once and never grows: growing would detach every view of it. Reserved pages
// cost address space only; the system gives them as they are touched (1 GiB reserved: 43 MB of RSS, as without).

const PAGE_BYTES = 65_536;
const RESERVE_BYTES = 1_073_741_824; // 1 GiB
const RESERVE_BYTES_MIN = 16_777_216;
/** A cache line, so that no two streams share one and a vector never straddles two. */
const ALIGN_BYTES = 64;

/** A run of bytes of the kernel memory. Given back by `release`, once. */
export interface Block {
  /** In bytes, a multiple of 64. */
  readonly address: number;
  readonly bytes: number;
}

let reserved: WebAssembly.Memory | undefined;
/** First byte never given out. Address 0 is not used, so that a forgotten address is found. */
let top = ALIGN_BYTES;
/** Blocks given back, by size. Streams of one pipeline ask for the same few sizes again and again, so nothing fragments. */
const free = new Map<number, number[]>();

/** The memory, reserved at the first call; smaller where the system does not give as much. */
export function kernelMemory(): WebAssembly.Memory {
  reserved ??= reserve(RESERVE_BYTES);
  return reserved;
}

function reserve(bytes: number): WebAssembly.Memory {
  try {
    return new WebAssembly.Memory({ initial: bytes / PAGE_BYTES, maximum: bytes / PAGE_BYTES });
  } catch (thrown) {
    if (bytes / 2 < RESERVE_BYTES_MIN) throw thrown;
    return reserve(bytes / 2);
  }
}

/** A block of at least `bytes`, not zeroed; undefined when the memory is full, and the caller must do without. */
export function allocate(bytes: number): Block | undefined {
  const size = Math.max(1, Math.ceil(bytes / ALIGN_BYTES)) * ALIGN_BYTES;
  const reused = free.get(size)?.pop();
  if (reused !== undefined) return { address: reused, bytes: size };
  if (top + size > kernelMemory().buffer.byteLength) return undefined;
  const address = top;
  top += size;
  return { address, bytes: size };
}

export function release({ address, bytes }: Block): void {
  const blocks = free.get(bytes);
  if (blocks) blocks.push(address);
  else free.set(bytes, [address]);
}
