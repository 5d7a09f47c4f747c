import { elementsOf, type Shape, size } from '../base/shape.ts';
import type { Encoding, EncodingName, LevelCodeBits, Stored } from '../graph/encoding.ts';
import { packedCodes } from '../graph/levels.ts';
import { heldIn, type SparsePattern, type SparseWidth, scattered } from '../graph/sparse.ts';
import {
  type ArrayType,
  CODED,
  cellSteps,
  excessOf,
  FORM_BITS,
  HAS_MASK,
  HAS_PLACES,
  IS_WHOLE,
  matrixOf,
  type Row,
  stepsOf,
} from './coded-forms.ts';
import type { CodeName, Grid, SeeTable } from './codes/code.ts';
import { CODE_NAMES, DECODERS, tensorOf } from './codes/decoders.ts';
import type { FileTensors } from './file-tensors.ts';
import { filled, type Numbered, zeroIn } from './numbers.ts';
import type { Weights } from './sparse-code.ts';
import { patternAt, withinColumns } from './weight-kinds.ts';
import { panelsOf } from './weight-tensors.ts';

/** What stretches of a file are. */
export type CodedPart = 'values' | 'positions' | 'codebook' | 'scales' | 'tables' | 'header';
/** Told of the bytes of coded weights, stretch by stretch. */
export type See = (key: string, part: CodedPart, bytes: number) => void;

/** The weights of a file that are coded, as coded-forms.ts says, by their keys in the order in which they lie there. */
export function takeCoded(tensors: FileTensors, keys: readonly string[], see: See = () => {}): Map<string, Stored> {
  const from = new Stretches(tensors, CODE_NAMES.find((code) => tensors.has(tensorOf(code))) ?? CODE_NAMES[0]!, see);
  const weights = new Map(keys.map((key) => [key, takeOne(from.of(key))]));
  if (weights.size < keys.length) from.fail('is there twice');
  from.done();
  return weights;
}

/** The bytes of coded weights, stretch by stretch. Nothing is allocated that they are too short for. */
class Stretches {
  readonly tensors: FileTensors;
  private readonly code: CodeName;
  private readonly see: See;
  private readonly data: Uint8Array;
  private key = '';
  private at = 0;
  private told = 0;

  constructor(tensors: FileTensors, code: CodeName, see: See) {
    this.tensors = tensors;
    this.code = code;
    this.see = see;
    this.data = tensors.take(tensorOf(code), 'U8', null) as Uint8Array;
  }

  /** What comes is of the weight `key`. */
  of(key: string): this {
    this.key = key;
    return this;
  }

  fail(problem: string): never {
    return this.tensors.fail(tensorOf(this.code), `${this.key} ${problem}`);
  }

  done(): void {
    if (this.at < this.data.length) this.fail(`is the last, but ${this.data.length - this.at} bytes follow`);
  }

  /** What was read and not told of yet. */
  tell(part: CodedPart, end: number = this.at): void {
    if (end > this.told) this.see(this.key, part, end - this.told);
    this.told = end;
  }

  number(): number {
    let number = 0;
    for (let unit = 1; unit < 2 ** 49; unit *= 128) {
      const byte = this.data[this.at++] ?? this.fail('is cut off');
      number += (byte & 127) * unit;
      if (byte < 128) return number;
    }
    return this.fail('has a number of more than 49 bits');
  }

  private bytes(length: number): Uint8Array<ArrayBuffer> {
    const bytes = this.data.slice(this.at, this.at + length);
    if (bytes.length < length) this.fail(`is cut off: needs ${length} bytes, ${bytes.length} are left`);
    this.at += length;
    return bytes;
  }

  private decoded<T>(found: T | string): T {
    return typeof found === 'string' ? this.fail(found) : found;
  }

  /** Throws unless the file has room for so many steps of a decoder, as `excessOf` counts them. */
  room(steps: number, length: number): void {
    if (!this.tensors.takesWalk(excessOf(steps, length))) this.fail('is too short for what it stands for');
  }

  places(rows: number, columns: number): Int32Array {
    this.tell('header');
    const { code } = this;
    const n = rows * columns;
    const data = this.bytes(this.number());
    this.room(cellSteps(code, rows, columns), data.length);
    // A matrix may have a side of any length where the other has none
    if (n === 0 && data.length > 0) this.fail('has places of nothing');
    let tables = 0;
    const seeTable: SeeTable = (bits) => {
      tables += bits;
    };
    const places = n === 0 ? new Int32Array() : this.decoded(DECODERS[code].places(data, rows, columns, seeTable));
    this.tell('tables', this.told + Math.floor(tables / 8));
    this.tell('positions');
    return places;
  }

  numbers(count: number, array: ArrayType, part: CodedPart, grid?: Grid): Weights {
    this.tell('header');
    if (count === 0) return new array(0);
    const { code } = this;
    const planes = array.BYTES_PER_ELEMENT;
    const how = this.number();
    const data = this.bytes(Math.floor(how / 2));
    const isCoded = how % 2 === 0;
    if (isCoded) this.room(stepsOf(code, count, planes), data.length);
    else if (data.length !== count * planes) this.fail(`must have ${count * planes} bytes here, has ${data.length}`);
    let tables = 0;
    const seeTable: SeeTable = (bits) => {
      tables += bits;
    };
    const bytes = isCoded ? this.decoded(DECODERS[code].bytes(data, count, planes, grid, seeTable)) : data;
    this.tell('tables', this.told + Math.floor(tables / 8));
    this.tell(part);
    return new array(bytes.buffer as ArrayBuffer);
  }
}

/** The fields of an encoding, by name. */
type Own = Readonly<Record<string, string | number | Weights | null>>;

function takeOne(from: Stretches): Stored {
  const head = from.number();
  const form = head & FORM_BITS;
  const rows = Object.entries(CODED) as [EncodingName, Row][];
  const [type, { forms, fields = {}, nullable }] =
    rows.find(([, row]) => form in row.forms) ?? from.fail(`is of a form that this reader does not know: ${form}`);
  const rank = from.number();
  if (rank > 8) from.fail(`has ${rank} axes`);
  const shape = Array.from({ length: rank }, () => from.number());
  const n = size(from.tensors.format, shape);
  const own: object & Own = { type, ...takeFields(from, fields, nullable) };
  const array = forms[form];
  if (head >= 2 * IS_WHOLE) from.fail(`is of a form that this reader does not know: ${head}`);
  if (array == null) {
    if (head !== form) from.fail('has a mask or places, which it cannot have');
    from.room(n, 0);
    return { shape, encoding: own as Encoding, mask: null };
  }
  const pattern = 'width' in own ? takePattern(from, shape, own.width as SparseWidth) : null;
  const places = (head & HAS_PLACES) === 0 ? null : from.places(...matrixOf(shape));
  const alive = (head & HAS_MASK) === 0 ? null : (places ?? from.fail('has a mask without places'));
  const values =
    pattern === null
      ? takeNumbers(from, own, shape, (head & IS_WHOLE) === 0 ? places : null, array)
      : withinColumns(from.numbers(heldIn(pattern, shape.at(-1) ?? 1), array, 'values'), pattern, shape.at(-1) ?? 1);
  const encoding: object = { ...own, ...pattern, values };
  return {
    shape,
    encoding: encoding as Encoding,
    mask: alive && scattered(new Uint8Array(alive.length).fill(1), alive, n),
  };
}

function takeFields(from: Stretches, fields: NonNullable<Row['fields']>, nullable?: string): Own {
  const own: Record<string, number | Weights | null> = {};
  for (const [field, kind] of Object.entries(fields)) {
    const number = from.number();
    if (typeof kind === 'number') own[field] = number + kind;
    else if (number > 0)
      own[field] = from.numbers(
        number - 1,
        kind,
        field === 'centroids' ? 'codebook' : field === 'values' ? field : 'scales',
      );
    else own[field] = field === nullable ? null : from.fail(`has no ${field}`);
  }
  return own;
}

function takePattern(from: Stretches, shape: Shape, width: SparseWidth): SparsePattern {
  if (![1, 4, 16].includes(width)) from.fail(`has panels of ${width}`);
  const { panels, line } = panelsOf(shape, width);
  return patternAt(from.places(panels, line), panels, line, width);
}

/** All numbers of a weight, of which some may be held alone; of levels as they are packed. */
function takeNumbers(from: Stretches, own: Own, shape: Shape, places: Int32Array | null, array: ArrayType): Weights {
  const n = elementsOf(shape);
  const isLevels = own.type === 'levels';
  const bits = own.bits as LevelCodeBits;
  if (isLevels && ![1, 2, 4, 8].includes(bits)) from.fail(`has codes of ${bits} bits`);
  const columns = shape.at(-1) ?? 1;
  const zeroed: object = own;
  const held = from.numbers(places?.length ?? n, array, 'values', { list: places, columns });
  const numbers = places === null ? held : filled(held, places, n, zeroIn(zeroed as Numbered, columns));
  if (numbers === null) return from.fail('leaves out numbers, but no code is 0');
  if (!isLevels) return numbers;
  if (numbers.some((code: number) => code >> bits > 0)) from.fail(`has a code of more than ${bits} bits`);
  return packedCodes(numbers as Uint8Array, bits);
}
