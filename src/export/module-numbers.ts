import { type Coded, Coder } from './module-coder.ts';
import type { Writer } from './module-products.ts';

/** Up to so many numbers that differ are a table, and places in it. */
const MOST_IN_TABLE = 256;

/** The numbers of a module: how each array is made when it is loaded, and the text that they are read from. */
export class Numbers implements Pick<Writer, 'constant' | 'made'> {
  /** Statements, in order. */
  readonly lines: string[] = [];
  private readonly coder = new Coder();
  private readonly constants: { readonly numbers: Coded | Float32Array; readonly name: string }[] = [];
  private readonly counts = new Map<string, number>();

  constant(numbers: Coded | Float32Array, hint: string): string {
    const known = this.constants.find((other) => areSame(other.numbers, numbers));
    if (known !== undefined) return known.name;
    const name = this.made(this.expressionOf(numbers), hint);
    this.constants.push({ numbers, name });
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

  private expressionOf(numbers: Coded | Float32Array): string {
    const { length } = numbers;
    const type = numbers.constructor.name;
    const isReal = numbers instanceof Float32Array;
    const words = isReal ? new Int32Array(numbers.slice().buffer) : numbers; // of which 0 and -0 are two, and a NaN is one
    if (words.every((word) => word === 0)) return `new ${type}(${length})`;
    if (words.every((word) => word === words[0])) return `new ${type}(${length}).fill(${literal(numbers[0]!)})`;
    if (!isReal) return this.coder.add(numbers as Coded);
    const table = tableOf(words, length / 2);
    if (table === null) return `floats(${this.coder.add(words)})`;
    const places = new Map([...table].map((word, place) => [word, place]));
    const read = `floats(${this.coder.add(table)})`;
    return `pick(${read}, ${this.coder.add(Uint8Array.from(words, (word) => places.get(word)!))})`;
  }
}

const areSame = (a: Coded | Float32Array, b: Coded | Float32Array): boolean =>
  a.constructor === b.constructor && a.length === b.length && a.every((x, i) => Object.is(x, b[i]));

/** The words that there are, of which places take a byte; 0 first, since its place takes the least. Null for too many. */
function tableOf(words: ArrayLike<number>, most: number): Int32Array | null {
  const found = new Set<number>();
  for (let i = 0; i < words.length; i++) {
    found.add(words[i]!);
    if (found.size > Math.min(MOST_IN_TABLE, most)) return null;
  }
  return Int32Array.from([...found].sort((a, b) => Number(b === 0) - Number(a === 0) || a - b));
}

/** A number as source code has it. */
export const literal = (x: number): string => (Object.is(x, -0) ? '-0' : String(x));
