/** Bits of a stream, the most significant of each byte first. */
export class BitWriter {
  private readonly bytes: number[] = [];
  private free = 0;

  write(value: number, bits: number): void {
    for (let i = bits - 1; i >= 0; i--) {
      if (this.free === 0) {
        this.bytes.push(0);
        this.free = 8;
      }
      const last = this.bytes.length - 1;
      this.bytes[last] = this.bytes[last]! | (((value >> i) & 1) << --this.free);
    }
  }

  finish(): Uint8Array {
    return Uint8Array.from(this.bytes);
  }
}

/** Behind the end come zeros, which `wrong` notices. */
export class BitReader {
  private readonly data: Uint8Array;
  private at = 0;

  constructor(data: Uint8Array) {
    this.data = data;
  }

  read(bits: number): number {
    let value = 0;
    for (let i = 0; i < bits; i++, this.at++)
      value = value * 2 + (((this.data[this.at >> 3] ?? 0) >> (7 - (this.at & 7))) & 1);
    return value;
  }

  /** Whether all was read, and no more. */
  get isOver(): boolean {
    return this.at > this.data.length * 8;
  }

  /** What is wrong once all is read: bytes too few or too many, or bits after the last that are not 0. */
  wrong(): string | null {
    const needed = Math.ceil(this.at / 8);
    if (needed !== this.data.length) return `must have ${needed} bytes, got ${this.data.length}`;
    return this.read(-this.at & 7) === 0 ? null : 'must end in bits of 0';
  }
}
