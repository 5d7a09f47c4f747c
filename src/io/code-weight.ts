import { isSparse, type Stored } from '../graph/encoding.ts';
import { eachHeld, heldIn, zerosLike } from '../graph/sparse.ts';
import {
  type ArrayType,
  CODED,
  cellSteps,
  excessOf,
  HAS_MASK,
  HAS_PLACES,
  IS_WHOLE,
  matrixOf,
  type Row,
  stepsOf,
} from './coded-forms.ts';
import type { CodeName, FileCoding, Grid } from './codes/code.ts';
import { CODES } from './codes/codes.ts';
import { CODE_NAMES } from './codes/decoders.ts';
import { nonZeroIn, numbersOf, zeroIn } from './numbers.ts';
import { placesOf, Walk, type Weights } from './sparse-code.ts';
import { blocksOf, type Put, panelsOf, putWeight } from './weight-tensors.ts';

/** A weight in bytes, and what its codes walk over that the bytes do not answer for. */
interface CodedWeight {
  readonly bytes: Uint8Array;
  readonly excess: number;
}

export const CODINGS: readonly FileCoding[] = ['none', ...CODE_NAMES];

/** About what a tensor, and the record of a weight, take in a header; and the key of a coded one. */
const ENTRY_BYTES = 75;
const KEY_BYTES = 18;
/** Bytes of an array below which no code is tried. */
const LEAST_CODED = 16;

/** Of these weights the bytes of those that are smaller coded, as far as a file has room for what they walk over. */
export function codedOf(
  weights: ReadonlyMap<string, Stored>,
  keys: readonly string[],
  coding: CodeName,
  walk: Walk,
): Map<string, Uint8Array> {
  const coded = new Map<string, Uint8Array>();
  for (const key of keys) {
    const weight = weights.get(key)!;
    let least = plainBytes(weight);
    let best: CodedWeight | null = null;
    for (const form of codedWeights(weight, coding))
      if (form.bytes.length + KEY_BYTES < least && walk.hasRoom(form.excess)) {
        best = form;
        least = form.bytes.length + KEY_BYTES;
      }
    if (best !== null && walk.takes(best.excess)) coded.set(key, best.bytes);
  }
  return coded;
}

/** Bytes of a weight that is not coded, with its part of the header. */
function plainBytes(weight: Stored): number {
  let bytes = 0;
  const put: Put = (_, __, { byteLength }) => {
    bytes += byteLength + ENTRY_BYTES;
  };
  const isTold = putWeight('', weight, put, new Walk()) !== null;
  return bytes + (isTold ? ENTRY_BYTES : 0);
}

/** Bytes one after another. */
export function joined(chunks: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  const bytes = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/** Bytes of a coded weight, in the stretches that `takeCoded` reads: numbers by themselves, places, and arrays of numbers. */
class Writer {
  private readonly chunks: (Uint8Array | readonly number[])[] = [];
  private readonly code: CodeName;
  excess = 0;

  constructor(code: CodeName) {
    this.code = code;
  }

  number(number: number): void {
    const bytes: number[] = [];
    for (; number > 127; number = Math.floor(number / 128)) bytes.push(128 + (number % 128));
    this.chunks.push([...bytes, number]);
  }

  places(list: Int32Array, rows: number, columns: number): void {
    const n = rows * columns;
    const data = n === 0 ? new Uint8Array() : CODES[this.code].places.encode(list, rows, columns);
    this.number(data.length);
    this.chunks.push(data);
    this.excess += excessOf(cellSteps(this.code, rows, columns), data.length);
  }

  numbers(numbers: Weights, grid?: Grid): void {
    if (numbers.length === 0) return;
    const bytes = new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
    const data =
      bytes.length < LEAST_CODED ? bytes : CODES[this.code].bytes.encode(bytes, numbers.BYTES_PER_ELEMENT, grid);
    const isCoded = data.length < bytes.length;
    this.number(2 * (isCoded ? data : bytes).length + (isCoded ? 0 : 1));
    this.chunks.push(isCoded ? data : bytes);
    if (isCoded) this.excess += excessOf(stepsOf(this.code, numbers.length, numbers.BYTES_PER_ELEMENT), data.length);
  }

  finish(): CodedWeight {
    return { bytes: joined(this.chunks), excess: this.excess };
  }
}

/** A weight by a code, in each of the forms that coded-forms.ts gives a choice of: what is 0 by its place, or like other numbers. */
function codedWeights(weight: Stored, code: CodeName): CodedWeight[] {
  const { shape, encoding, mask } = weight;
  if (encoding.type === 'hashed') return [written(weight, code, 0, () => {})];
  const matrix = matrixOf(shape);
  const masked = mask && placesOf(mask).list;
  if (isSparse(encoding)) {
    const { panels, line } = panelsOf(shape, encoding.width);
    const held = zerosLike(encoding.values, heldIn(encoding, matrix[1]));
    let at = 0;
    eachHeld(encoding, matrix[1], (_, i) => {
      held[at++] = encoding.values[i]!;
    });
    const head = masked === null ? 0 : HAS_PLACES + HAS_MASK;
    return [
      written(weight, code, head, (to) => {
        to.places(blocksOf(encoding, line), panels, line);
        if (masked !== null) to.places(masked, ...matrix);
        to.numbers(held);
      }),
    ];
  }
  const numbers = numbersOf(encoding, shape);
  const zeroAt = zeroIn(encoding, matrix[1]);
  const nonZero = nonZeroIn(numbers, zeroAt);
  const heldAt = (held: Uint8Array): Weights => numbers.filter((_: number, i: number) => held[i] === 1);
  if (masked !== null) {
    const isWhole = nonZero.some((bit, i) => bit > mask![i]!);
    return [
      written(weight, code, HAS_PLACES + HAS_MASK + (isWhole ? IS_WHOLE : 0), (to) => {
        to.places(masked, ...matrix);
        to.numbers(isWhole ? numbers : heldAt(mask!), { list: isWhole ? null : masked, columns: matrix[1] });
      }),
    ];
  }
  const all = written(weight, code, 0, (to) => to.numbers(numbers, { list: null, columns: matrix[1] }));
  if (!nonZero.includes(0)) return [all];
  const some = written(weight, code, HAS_PLACES, (to) => {
    const { list } = placesOf(nonZero);
    to.places(list, ...matrix);
    to.numbers(heldAt(nonZero), { list, columns: matrix[1] });
  });
  return [all, some];
}

function written({ shape, encoding }: Stored, code: CodeName, head: number, rest: (to: Writer) => void): CodedWeight {
  const to = new Writer(code);
  const given: object = encoding;
  const { forms, fields = {} } = CODED[encoding.type] as Row;
  const own = Object.entries(forms).find(([, array]) => array === null || isOf(encoding, array))!;
  to.number(Number(own[0]) + head);
  to.number(shape.length);
  for (const length of shape) to.number(length);
  for (const [field, kind] of Object.entries(fields)) {
    const value = (given as Readonly<Record<string, number | Weights | null>>)[field]!;
    if (typeof kind === 'number') to.number((value as number) - kind);
    else {
      to.number(value === null ? 0 : (value as Weights).length + 1);
      if (value !== null) to.numbers(value as Weights);
    }
  }
  if (encoding.type === 'hashed') to.excess += shape.reduce((n, length) => n * length, 1);
  rest(to);
  return to.finish();
}

const isOf = ({ values }: { readonly values: Weights }, array: ArrayType): boolean => values instanceof array;
