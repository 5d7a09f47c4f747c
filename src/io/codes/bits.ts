/** Bits of a stream, the most significant of each byte first. */
export class BitWriter {
  private bytes = new Uint8Array(64);
  private length = 0;
  /** Bits that are no whole byte yet, fewer than 8 between calls. */
  private open = 0;
  private opened = 0;

  /** Writes a number below 2^bits, of 16 bits at most. */
  write(value: number, bits: number): void {
    this.open = (this.open << bits) | value;
    this.opened += bits;
    for (; this.opened >= 8; this.opened -= 8) this.put((this.open >> (this.opened - 8)) & 255);
    this.open &= 255;
  }

  private put(byte: number): void {
    if (this.length === this.bytes.length) {
      const more = new Uint8Array(2 * this.length);
      more.set(this.bytes);
      this.bytes = more;
    }
    this.bytes[this.length++] = byte;
  }

  /** The bytes, the last one filled up with bits of 0. */
  finish(): Uint8Array {
    if (this.opened > 0) this.write(0, 8 - this.opened);
    return this.bytes.slice(0, this.length);
  }
}

/** Behind the end come zeros, which `isOver` and `wrong` notice. */
export class BitReader {
  private readonly data: Uint8Array;
  /** Bytes taken, and the last bits of these that are not read: `left` of them, the lowest of `open`. */
  private taken = 0;
  private open = 0;
  private left = 0;

  constructor(data: Uint8Array) {
    this.data = data;
  }

  /** How many bits are read. */
  get at(): number {
    return this.taken * 8 - this.left;
  }

  /** The next bits, 16 at most, which are not read by that. */
  peek(bits: number): number {
    for (; this.left < bits; this.left += 8)
      this.open = ((this.open & 0xffff) << 8) | (this.taken++ < this.data.length ? this.data[this.taken - 1]! : 0);
    return (this.open >> (this.left - bits)) & ((1 << bits) - 1);
  }

  /** Reads bits that `peek` saw. */
  skip(bits: number): void {
    this.left -= bits;
  }

  read(bits: number): number {
    const value = this.peek(bits);
    this.left -= bits;
    return value;
  }

  /** Whether more was read than there is. */
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
