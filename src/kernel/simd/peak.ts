// AssemblyScript: nothing but multiply-adds in registers, to know what this engine can do at best on this machine. The
// benchmark holds `matmul` against it. Fourteen chains and two constants fill the sixteen registers of SSE and AVX: a chain's
// eight cycles of latency then hide behind the others'.

import { madd } from './lanes';

/** `rounds` of 14 multiply-adds on four lanes each; reads and writes [4] at y, so that no engine can drop the loop. */
export function multiplyAddPeak(y: usize, rounds: i32): void {
  const a = v128.load(y);
  const b = f32x4.splat(<f32>0.9999999);
  let s0 = a, s1 = a, s2 = a, s3 = a, s4 = a, s5 = a, s6 = a;
  let s7 = a, s8 = a, s9 = a, s10 = a, s11 = a, s12 = a, s13 = a;
  for (let i = 0; i < rounds; i++) {
    s0 = madd(s0, b, a);
    s1 = madd(s1, b, a);
    s2 = madd(s2, b, a);
    s3 = madd(s3, b, a);
    s4 = madd(s4, b, a);
    s5 = madd(s5, b, a);
    s6 = madd(s6, b, a);
    s7 = madd(s7, b, a);
    s8 = madd(s8, b, a);
    s9 = madd(s9, b, a);
    s10 = madd(s10, b, a);
    s11 = madd(s11, b, a);
    s12 = madd(s12, b, a);
    s13 = madd(s13, b, a);
  }
  s0 = f32x4.add(f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3)), f32x4.add(f32x4.add(s4, s5), s6));
  s7 = f32x4.add(f32x4.add(f32x4.add(s7, s8), f32x4.add(s9, s10)), f32x4.add(f32x4.add(s11, s12), s13));
  v128.store(y, f32x4.add(s0, s7));
}
