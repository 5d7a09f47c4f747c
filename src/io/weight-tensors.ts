import { elementsOf, type Shape, size } from '../base/shape.ts';
import { type Encoding, type EncodingName, type EncodingOf, isSparse, type Stored } from '../graph/encoding.ts';
import { eachHeld, heldIn, type SparsePattern, type SparseWidth, spread, zerosLike } from '../graph/sparse.ts';
import type { Fields } from './fields.ts';
import type { FileTensors } from './file-tensors.ts';
import type { SafeArray } from './safetensors.ts';
import {
  encodePlaces,
  isPlaceCode,
  nonZeroBits,
  type PlaceCode,
  type Places,
  placesOf,
  Walk,
  type Weights,
} from './sparse-code.ts';

/**
 * A weight `k` in a file: the tensor `k` with all its numbers, or `k.values` with those that are held and `k.<code>` with
 * their places (sparse-code.ts), and the shape in the JSON. A mask of a dense weight is stored in `k.<code>`, coded or not.
 * Of a sparse weight the JSON has the width of its panels, the places are those of its blocks, panel by panel, and there are
 * no values behind the last column; a mask that is finer than the blocks is in `k.mask.<code>`. Scales of int8 are the tensor
 * `k.scales`. The type of the numbers tells the encoding.
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

export type Put = (name: string, shape: Shape, data: SafeArray) => void;

/** What one more tensor and the shape of a coded one cost in the header, about: coding must save more than that. */
const ENTRY_BYTES = 140;
const SHAPE_BYTES = 30;

/** Puts the tensors of a weight, with what deltas of the file walk over; null where they tell all of it. */
export function putWeight(key: string, { shape, encoding, mask }: Stored, put: Put, walk: Walk): WeightRecord | null {
  if ('scales' in encoding) put(`${key}.scales`, [encoding.scales.length], encoding.scales);
  if (isSparse(encoding)) return putSparse(key, shape, encoding, mask, put, walk);
  const { values } = encoding;
  const nonZero = nonZeroBits(values);
  const held = mask ?? nonZero;
  const places = placesOf(held);
  const { code, data } = encodePlaces(places, walk);
  const saved = (values.length - places.list.length) * values.BYTES_PER_ELEMENT;
  // A pruned weight that is not +0 would be lost in the code.
  const lossless = mask === null || nonZero.every((bit, i) => bit <= mask[i]!);
  const coded = lossless && saved > (mask === null ? data.length + ENTRY_BYTES : SHAPE_BYTES);
  if (coded)
    putHeld(
      key,
      values.filter((_: number, i: number) => held[i] === 1),
      put,
    );
  else put(key, shape, values);
  if (!coded && mask === null) return null;
  put(`${key}.${code}`, [data.length], data);
  return { key, ...(coded && { shape }), ...short(code), ...(mask && { mask: true }) };
}

const short = (code: PlaceCode): Pick<WeightRecord, 'code'> => (code === 'bitmask' ? {} : { code });

const putHeld = (key: string, held: Encoding['values'], put: Put): void => put(`${key}.values`, [held.length], held);

function putPlaces(key: string, places: Places, put: Put, walk: Walk, width = 1): PlaceCode {
  const { code, data } = encodePlaces(places, walk, width);
  put(`${key}.${code}`, [data.length], data);
  return code;
}

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
  walk: Walk,
): WeightRecord {
  const { width, starts, rows, values } = encoding;
  const { units, panels, line } = panelsOf(shape, width);
  const list = rows.slice();
  for (let p = 0; p < panels; p++) for (let i = starts[p]!; i < starts[p + 1]!; i++) list[i]! += p * line;
  const code = putPlaces(key, { list, n: panels * line }, put, walk, width);
  const held = zerosLike(values, heldIn(encoding, units));
  let at = 0;
  eachHeld(encoding, units, (_, i) => {
    held[at++] = values[i]!;
  });
  putHeld(key, held, put);
  const finer = mask && putPlaces(`${key}.mask`, placesOf(mask), put, walk);
  return { key, shape, width, ...short(code), ...(finer && { mask: finer }) };
}

/** Bytes of the tensors that a file holds a weight in, besides their place in its header (docs/design.md has the formula). */
export function storedBytes(weight: Stored): number {
  let bytes = 0;
  const put: Put = (_, __, { byteLength }) => {
    bytes += byteLength;
  };
  putWeight('', weight, put, new Walk());
  return bytes;
}

/** The encodings that the type of a tensor stands for: of all numbers, and of those that panels hold. */
const ENCODING_OF: Readonly<Record<string, readonly [EncodingName, EncodingName?]>> = {
  F32: ['float32', 'sparse'],
  F64: ['float64'],
  I8: ['int8', 'sparseInt8'],
  I32: ['int32'],
};

/** How a weight lies in the tensors. */
interface Form {
  readonly shape: Shape;
  /** Whether they have the numbers that are held alone. Default false. */
  readonly coded?: boolean;
  /** The code of their places. Default `bitmask`. */
  readonly code?: PlaceCode;
  /** The code of the places that live. Default null: there is no mask. */
  readonly mask?: PlaceCode | null;
  /** Of a sparse one. */
  readonly width?: SparseWidth | null;
}

/** A weight out of a file; `fields` are those of its record, all of which are taken. */
export function takeWeight(key: string, fields: Fields | undefined, tensors: FileTensors): Stored {
  if (fields === undefined) return takeStored(tensors, key, { shape: tensors.get(key).shape });
  const width = fields.has('width') ? takeWidth(fields) : null;
  const coded = width !== null || fields.has('shape');
  const shape = coded ? fields.numbers('shape') : tensors.get(key).shape;
  const code = fields.has('code') ? takeCode(fields, 'code') : 'bitmask';
  const mask = !fields.has('mask') ? null : width ? takeCode(fields, 'mask') : fields.flag('mask') ? code : null;
  fields.done();
  return takeStored(tensors, key, { shape, coded, code, mask, width });
}

function takeCode(fields: Fields, field: 'code' | 'mask'): PlaceCode {
  const name = fields.text(field);
  return isPlaceCode(name) ? name : fields.fail(field, 'must be bitmask or deltas');
}

function takeWidth(fields: Fields): SparseWidth {
  const width = fields.count('width');
  return width === 1 || width === 4 || width === 16 ? width : fields.fail('width', 'must be 1, 4 or 16');
}

/**
 * A weight out of tensors called after `key`, the one of all its numbers `whole`. Nothing is allocated that is longer than the
 * tensors, or than what their places walk over.
 */
export function takeStored(
  tensors: FileTensors,
  key: string,
  { shape, coded, code = 'bitmask', mask: living = null, width }: Form,
  whole: string = key,
): Stored {
  const name = coded ? `${key}.values` : whole;
  const { dtype } = tensors.get(name);
  const type = ENCODING_OF[dtype]?.[width ? 1 : 0];
  if (type === undefined) return tensors.fail(name, `there are no ${width ? 'sparse ' : ''}weights of ${dtype}`);
  const n = size(tensors.format, shape);
  const sparse = width && takePattern(tensors, key, code, shape, width);
  const places = sparse || !(coded || living) ? null : tensors.takePlaces(key, code, n);
  let values: Weights;
  if (sparse) {
    const units = shape.at(-1) ?? 1;
    const held = tensors.takeHeld(name, dtype, heldIn(sparse, units));
    // A block has zeros behind the last column, which the file does not hold
    values = zerosLike(held, sparse.rows.length * width);
    let at = 0;
    eachHeld(sparse, units, (_, i) => {
      values[i] = held[at++]!;
    });
  } else
    values = coded
      ? spread(tensors.takeHeld(name, dtype, places!.length), places!, n)
      : (tensors.take(name, dtype, shape) as Weights);
  const mask = living && aliveAt(sparse ? tensors.takePlaces(`${key}.mask`, living, n) : places!, n);
  const scales = dtype === 'I8' && { scales: tensors.take(`${key}.scales`, 'F32', [shape.at(-1) ?? 1]) };
  return { shape, encoding: { type, values, ...sparse, ...scales } as Encoding, mask };
}

const aliveAt = (places: ArrayLike<number>, n: number): Uint8Array =>
  spread(new Uint8Array(places.length).fill(1), places, n);

/** Of a sparse weight where its blocks are. */
function takePattern(
  tensors: FileTensors,
  key: string,
  code: PlaceCode,
  shape: Shape,
  width: SparseWidth,
): SparsePattern {
  const { panels, line } = panelsOf(shape, width);
  const blocks = tensors.takePlaces(key, code, panels * line, width);
  const starts = new Int32Array(panels + 1);
  for (const block of blocks) starts[Math.floor(block / line) + 1]!++;
  for (let p = 0; p < panels; p++) starts[p + 1]! += starts[p]!;
  return { width, starts, rows: blocks.map((block) => block % line) };
}
