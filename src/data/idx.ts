import { checkBytes, FormatError, listed } from '../base/errors.ts';
import { MAX_RANK, size } from '../base/shape.ts';
import { refuseOthers } from './what.ts';

export type IDXArray = Uint8Array | Int8Array | Int32Array | Float32Array | Float64Array;

interface ElementType {
  readonly bytes: number;
  allocate(length: number): IDXArray;
  read(view: DataView, at: number): number;
}

/** Type codes of the format; numbers are big-endian. Int16 has no element type of its own here and becomes int32. */
const TYPES: ReadonlyMap<number, ElementType> = new Map<number, ElementType>([
  [0x08, { bytes: 1, allocate: (n) => new Uint8Array(n), read: (view, at) => view.getUint8(at) }],
  [0x09, { bytes: 1, allocate: (n) => new Int8Array(n), read: (view, at) => view.getInt8(at) }],
  [0x0b, { bytes: 2, allocate: (n) => new Int32Array(n), read: (view, at) => view.getInt16(at) }],
  [0x0c, { bytes: 4, allocate: (n) => new Int32Array(n), read: (view, at) => view.getInt32(at) }],
  [0x0d, { bytes: 4, allocate: (n) => new Float32Array(n), read: (view, at) => view.getFloat32(at) }],
  [0x0e, { bytes: 8, allocate: (n) => new Float64Array(n), read: (view, at) => view.getFloat64(at) }],
]);

/**
 * Reads an IDX file, the format of MNIST (LeCun, Cortes, Burges: "The MNIST database of handwritten digits"): two zero
 * bytes, a type code, the number of axes, each axis as 32 bits, then the elements, row-major. Unpack `.gz` with
 * `gunzip` first. Everything is checked before memory is taken; throws FormatError with the byte, and LimitError for
 * a shape past what a tensor holds.
 *
 * @example
 * parseIDX(Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 3, 5, 0, 4)); // { shape: [ 3 ], data: Uint8Array(3) [ 5, 0, 4 ] }
 */
export function parseIDX(bytes: Uint8Array): { shape: number[]; data: IDXArray } {
  checkBytes('parseIDX', 'the file', bytes);
  if (bytes[0] !== 0) refuseOthers('idx', bytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < 4) throw new FormatError('idx', 'magic', `needs 4 bytes, the file has ${bytes.length}`, 0);
  if (view.getUint16(0) !== 0) throw new FormatError('idx', 'magic', 'the first two bytes are not 0', 0);
  const type = TYPES.get(bytes[2]!);
  if (type === undefined)
    throw new FormatError('idx', 'type', `unknown code 0x${bytes[2]!.toString(16).padStart(2, '0')}`, 2);
  const rank = bytes[3]!;
  if (rank < 1 || rank > MAX_RANK) throw new FormatError('idx', 'rank', `${rank} axes, expected 1 to ${MAX_RANK}`, 3);
  const start = 4 + 4 * rank;
  if (bytes.length < start)
    throw new FormatError('idx', 'shape', `${rank} axes need ${start} bytes, the file has ${bytes.length}`, 4);

  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  const count = size('parseIDX', shape);
  const expected = start + count * type.bytes;
  if (bytes.length !== expected) {
    const problem = `shape ${listed(shape)} makes ${expected} bytes, the file has ${bytes.length}`;
    throw new FormatError('idx', 'data', problem, start);
  }
  const data = type.allocate(count);
  for (let i = 0; i < count; i++) data[i] = type.read(view, start + i * type.bytes);
  return { shape, data };
}
