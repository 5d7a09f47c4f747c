/** Broken copies of files: flipped bits, cut off, spliced, lengths that say something else. The same for the same seed. */
export class Mutants {
  private state: number;

  constructor(seed: number) {
    this.state = ((seed * 7919) % 2147483646) + 1;
  }

  private below(n: number): number {
    this.state = (this.state * 48271) % 2147483647;
    return this.state % n;
  }

  of(file: Uint8Array): Uint8Array {
    const bytes = file.slice();
    const at = this.below(bytes.length);
    const kind = this.below(5);
    if (kind === 0) bytes[at] = bytes[at]! ^ (1 << this.below(8));
    else if (kind === 1) return bytes.subarray(0, at);
    else if (kind === 2) bytes[at] = this.below(256);
    else if (kind === 3) {
      const from = this.below(bytes.length);
      bytes.copyWithin(at, from, from + 1 + this.below(24));
    } else for (let i = 0; i < 4; i++) bytes[this.below(bytes.length)] = this.below(256);
    return bytes;
  }
}
