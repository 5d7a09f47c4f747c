import { FormatError } from '../base/errors.ts';
import { elementsOf, type Shape, size } from '../base/shape.ts';
import { fieldsOf } from '../graph/attributes.ts';
import type { Encoding, EncodingName, EncodingOf, Stored } from '../graph/encoding.ts';
import { ENCODINGS } from '../graph/encodings.ts';
import { isSparse, placesHeld, type SparsePattern, type SparseWidth, spread } from '../graph/sparse.ts';
import type { Fields } from './fields.ts';
import { dtypeOf, type FileTensors, type Parts, type Put, putNumbers, putPlaces } from './file-tensors.ts';
import type { SafeArray, SafeDType } from './safetensors.ts';
import { isPlaceCode, type PlaceCode, placesOf, type Weights } from './sparse-code.ts';

/**
 * A weight `k` in a file: the tensor `k` with all its numbers, or `k.values` with those that are held and `k.<code>` with
 * their places (sparse-code.ts), and the shape in the JSON. A mask of a dense weight is stored in `k.<code>`, coded or not.
 * Of a sparse weight the JSON has the width of its panels, the places are those of its blocks, panel by panel, and there are
 * no values behind the last column; a mask that is finer than the blocks is in `k.mask.<code>`. What else an encoding has is
 * the tensor `k.<field>`, as `k.scales`. The type of the numbers tells the encoding.
 */

/** What the tensors do not tell of a weight. */
export interface WeightRecord {
  readonly key: string;
  /** Of a coded one. */
  readonly shape?: Shape;
  /** Of a sparse one. */
  readonly width?: SparseWidth;
  /** The code of the places, if it is not `bitmask`. */
  readonly code?: PlaceCode;
  /** Of a sparse weight the code of the places that live. */
  readonly mask?: true | PlaceCode;
}

/** Whether files of version 2 can hold a weight that was recorded so. */
export const isOfVersion2 = (record: WeightRecord | null): boolean =>
  record?.code === undefined && record?.width === undefined;

const partsOf = (key: string): Parts => ({ plain: key, places: key, values: `${key}.values` });

const SPARSE_FIELDS = ['values', 'starts', 'rows'];

/** Arrays of an encoding besides those that places and values tell, by field, with their lengths. */
function othersOf(type: EncodingName, shape: Shape): [field: string, dtype: SafeDType, length: number][] {
  return Object.entries(ENCODINGS[type].parts)
    .filter(([field]) => !SPARSE_FIELDS.includes(field))
    .map(([field, { array, length }]) => [field, dtypeOf(new array(0)), length?.(shape) ?? elementsOf(shape)]);
}

/** Puts the tensors of a weight; null where they tell all of it. */
export function putWeight(key: string, weight: Stored, put: Put): WeightRecord | null {
  const { shape, encoding, mask } = weight;
  const fields = fieldsOf(encoding)!;
  for (const [field, , length] of othersOf(encoding.type, shape))
    put(`${key}.${field}`, [length], fields.get(field) as SafeArray);
  if (isSparse(encoding)) return putSparse(key, shape, encoding, mask, put);
  const { coded, code } = putNumbers(encoding.values, mask, shape, partsOf(key), put);
  return coded || mask !== null
    ? { key, ...(coded && { shape }), ...short(code), ...(mask !== null && { mask: true }) }
    : null;
}

const short = (code: PlaceCode | null): Pick<WeightRecord, 'code'> =>
  code === null || code === 'bitmask' ? {} : { code };

/** How many panels a kernel has, and how many places for a block each: one where there are no rows, so that none is free. */
function panelsOf(
  shape: Shape,
  width: number,
): { readonly units: number; readonly panels: number; readonly line: number } {
  const units = shape.at(-1) ?? 1;
  return { units, panels: Math.ceil(units / width), line: Math.max(1, elementsOf(shape.slice(0, -1))) };
}

function putSparse(
  key: string,
  shape: Shape,
  encoding: EncodingOf<'sparse' | 'sparseInt8'>,
  mask: Uint8Array | null,
  put: Put,
): WeightRecord {
  const { width, starts, rows, values } = encoding;
  const { units, panels, line } = panelsOf(shape, width);
  const list = rows.slice();
  for (let p = 0; p < panels; p++) for (let i = starts[p]!; i < starts[p + 1]!; i++) list[i]! += p * line;
  const code = putPlaces(key, { list, n: panels * line, line }, put);
  const places = placesHeld(encoding, units);
  const held = values.filter((_: number, i: number) => places[i]! >= 0);
  put(`${key}.values`, [held.length], held);
  const finer = mask && putPlaces(`${key}.mask`, placesOf(mask), put);
  return { key, shape, width, ...short(code), ...(finer && { mask: finer }) };
}

/** Bytes of the tensors that a file holds a weight in, besides their place in its header (docs/design.md has the formula). */
export function storedBytes(weight: Stored): number {
  let bytes = 0;
  putWeight('', weight, (_, __, { byteLength }) => {
    bytes += byteLength;
  });
  return bytes;
}

const DENSE: readonly EncodingName[] = ['float32', 'float64', 'int8', 'int32'];

/** Which encoding the type of a tensor stands for. */
const ENCODING_OF: ReadonlyMap<SafeDType | undefined, EncodingName> = new Map(
  DENSE.map((name) => [dtypeOf(new ENCODINGS[name].parts.values.array(0)), name]),
);
const SPARSE_OF: ReadonlyMap<SafeDType | undefined, EncodingName> = new Map([
  ['F32', 'sparse'],
  ['I8', 'sparseInt8'],
]);

/** A weight out of a file; `fields` are those of its record, all of which are taken. */
export function takeWeight(format: string, key: string, fields: Fields | undefined, tensors: FileTensors): Stored {
  const width = fields?.has('width') === true ? takeWidth(fields) : null;
  const coded = width !== null || fields?.has('shape') === true;
  const shape = coded ? fields!.numbers('shape') : tensors.shapeOf(key);
  const code = takeCode(fields, 'code') ?? 'bitmask';
  const finer = width === null ? null : takeCode(fields, 'mask');
  const masked = width === null && fields?.has('mask') === true && fields.flag('mask');
  fields?.done();
  const dtype = tensors.dtypeOf(coded ? `${key}.values` : key);
  if (dtype === undefined) throw new FormatError(format, key, 'the tensor is missing');
  const type = (width === null ? ENCODING_OF : SPARSE_OF).get(dtype);
  if (type === undefined)
    throw new FormatError(format, key, `there are no ${width === null ? '' : 'sparse '}weights of ${dtype}`);
  const n = size(format, shape);
  const { mask, ...parts } =
    width === null
      ? tensors.takeNumbers(partsOf(key), dtype, shape, { coded, masked, code })
      : { ...takeSparse(key, shape, width, dtype, code, tensors), mask: finer && takeMask(key, finer, n, tensors) };
  const others = othersOf(type, shape).map(([field, own, length]) => [
    field,
    tensors.take(`${key}.${field}`, own, [length]),
  ]);
  return { shape, encoding: { type, ...parts, ...Object.fromEntries(others) } as Encoding, mask };
}

function takeWidth(fields: Fields): SparseWidth {
  const width = fields.count('width');
  return width === 1 || width === 4 || width === 16 ? width : fields.fail('width', 'must be 1, 4 or 16');
}

function takeCode(fields: Fields | undefined, field: 'code' | 'mask'): PlaceCode | null {
  if (fields?.has(field) !== true) return null;
  const name = fields.text(field);
  return isPlaceCode(name) ? name : fields.fail(field, 'must be bitmask, deltas or rows');
}

/** Nothing is allocated that is longer than the tensors, or than what their places walk over. */
function takeSparse(
  key: string,
  shape: Shape,
  width: SparseWidth,
  dtype: SafeDType,
  code: PlaceCode,
  tensors: FileTensors,
): SparsePattern & { readonly values: Weights } {
  const { units, panels, line } = panelsOf(shape, width);
  const blocks = tensors.takePlaces(key, code, panels * line, line);
  const starts = new Int32Array(panels + 1);
  for (const block of blocks) starts[Math.floor(block / line) + 1]!++;
  for (let p = 0; p < panels; p++) starts[p + 1]! += starts[p]!;
  const pattern = { width, starts, rows: blocks.map((block) => block % line) };
  const places = placesHeld(pattern, units)
    .map((place, i) => (place >= 0 ? i : -1))
    .filter((i) => i >= 0);
  const held = tensors.takeHeld(`${key}.values`, dtype, places.length);
  return { ...pattern, values: spread(held, places, blocks.length * width) };
}

function takeMask(key: string, code: PlaceCode, n: number, tensors: FileTensors): Uint8Array {
  const living = tensors.takePlaces(`${key}.mask`, code, n);
  return spread(new Uint8Array(living.length).fill(1), living, n);
}
