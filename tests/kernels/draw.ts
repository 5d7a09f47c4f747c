/** Elements past the end of every array, where nothing may be written. */
export const GUARD = 8;
const SPECIAL = [
  NaN,
  Infinity,
  -Infinity,
  0,
  -0,
  1e-45,
  -1e-45,
  1.1754942e-38,
  -1e-40,
  3.4028234e38,
  -3.4028234e38,
  1,
  -1,
  1e20,
  1e-20,
];

/** So far apart that a sum of doubles depends on its order, once two of the large ones have cancelled. */
const SPREAD = [1, 3.3, 1e-3, 1e17];

/** Sizes and numbers from a seed (xorshift32): small, special, far apart or any bits, so that one draw tests one regime. */
export class Draw {
  private state: number;
  private readonly regime: number;
  constructor(seed: number) {
    this.state = (seed * 2654435769 + 88172645) | 0 || 1;
    this.regime = this.below(5);
  }
  bits(): number {
    this.state ^= this.state << 13;
    this.state ^= this.state >>> 17;
    this.state ^= this.state << 5;
    return this.state >>> 0;
  }
  below(n: number): number {
    return Math.floor((this.bits() / 4294967296) * n);
  }
  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T;
  }
  bool(): boolean {
    return this.below(2) === 1;
  }
  /** 0 ... 70, often small or beside a multiple of a tile. */
  size(): number {
    return this.pick([this.below(6), this.below(71), this.pick([7, 8, 9, 15, 16, 17, 63, 64, 65, 66])]);
  }
  floats(n: number): Float32Array {
    const x = new Float32Array(n + GUARD);
    const asBits = new Uint32Array(x.buffer);
    for (let i = 0; i < x.length; i++) {
      if (this.regime === 0) asBits[i] = this.bits();
      else if (this.regime === 1) x[i] = this.pick(SPECIAL);
      else if (this.regime === 2) x[i] = this.pick(SPREAD) * (this.bool() ? 1 : -1);
      else if (this.regime === 3 && this.below(64) === 0) x[i] = this.pick(SPECIAL);
      else x[i] = (this.bits() / 4294967296 - 0.5) * this.pick([0.1, 4, 30]);
    }
    return x;
  }
  /** Half of the time none is negative: what stands under a root. */
  squares(n: number): Float32Array {
    const x = this.floats(n);
    return this.bool() ? x.map(Math.abs) : x;
  }
  int8(n: number): Int8Array {
    return Int8Array.from({ length: n + GUARD }, () => this.pick([-128, 127, this.below(256) - 128]));
  }
  words(n: number): Uint32Array {
    return Uint32Array.from({ length: n + GUARD }, () => this.bits());
  }
  int32(n: number, range: number): Int32Array {
    return Int32Array.from({ length: n + GUARD }, () => (this.bits() / 4294967296 - 0.5) * range);
  }
}
