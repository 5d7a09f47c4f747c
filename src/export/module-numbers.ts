import { type Coded, Coder, type Layout } from './module-coder.ts';
import type { Writer } from './module-products.ts';

/** Up to so many numbers that differ are a table, and places in it. */
const MOST_IN_TABLE = 256;

/** The numbers of a module: how each array is made when it is loaded, and the text that they are read from. */
export class Numbers implements Pick<Writer, 'constant' | 'made'> {
  /** Statements, in order. */
  readonly lines: string[] = [];
  private readonly coder = new Coder();
  private readonly names = new Map<string, string>();
  private readonly counts = new Map<string, number>();

  constant(numbers: Coded, hint: string): string {
    const { buffer, byteOffset, byteLength } = numbers;
    const key = `${numbers.constructor.name} ${new Uint8Array(buffer, byteOffset, byteLength).join()}`;
    const known = this.names.get(key);
    if (known !== undefined) return known;
    const name = this.made(this.expressionOf(numbers), hint);
    this.names.set(key, name);
    return name;
  }

  made(expression: string, hint: string): string {
    const count = (this.counts.get(hint) ?? 0) + 1;
    this.counts.set(hint, count);
    const name = `${hint}${count}`;
    this.lines.push(`const ${name} = ${expression};`);
    return name;
  }

  /** The text that the numbers are read from; empty where nothing is. */
  digits(): string {
    return this.coder.finish();
  }

  private expressionOf(numbers: Coded): string {
    const { length } = numbers;
    const type = numbers.constructor.name;
    if (length === 0) return `new ${type}(0)`;
    const words = new Map<number, number>(); // of bits: 0 and -0 are two, and every NaN is itself
    const bits = numbers instanceof Float32Array ? new Int32Array(numbers.slice().buffer) : numbers;
    for (let i = 0; i < length && words.size <= MOST_IN_TABLE; i++)
      if (!words.has(bits[i]!)) words.set(bits[i]!, numbers[i]!);
    if (words.size === 1)
      return numbers[0] === 0 && !Object.is(numbers[0], -0)
        ? `new ${type}(${length})`
        : `new ${type}(${length}).fill(${literal(numbers[0]!)})`;
    if (!(numbers instanceof Float32Array) || words.size > Math.min(MOST_IN_TABLE, length / 2))
      return this.read(numbers);
    // 0 is first, since it is the shortest
    const table = Float32Array.from([...words.values()].sort((a, b) => Number(b === 0) - Number(a === 0) || a - b));
    const places = new Map([...new Int32Array(table.buffer)].map((word, place) => [word, place]));
    return `pick(${this.read(table)}, ${this.read(Uint8Array.from(bits, (word) => places.get(word)!))})`;
  }

  private read(numbers: Coded): string {
    const { type, length, learnt, plain, model }: Layout = this.coder.add(numbers);
    return `read(${type}, ${length}, ${learnt}, ${256 ** plain}, ${model})`;
  }
}

/** A number as source code has it. */
export const literal = (x: number): string => (Object.is(x, -0) ? '-0' : String(x));
