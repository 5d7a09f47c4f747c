/** 2^n of a whole n, exactly as far as float64 reaches: what `**` gives differs between engines in its last bits. */
export function powerOfTwo(n: number): number {
  let power = 1;
  for (let i = 0; i < n; i++) power *= 2;
  for (let i = 0; i > n; i--) power /= 2;
  return power;
}
