import { checkBytes, FormatError, listed, ValueError, WhittleError } from '../../base/errors.ts';
import { type Shape, size, stridesOf } from '../../base/shape.ts';
import { ARRAYS, checkTensor, type SafeDType, type SafeTensor } from '../../io/safetensors.ts';
import { arrange } from '../arrange.ts';
import { parseHeader } from './literal.ts';

/**
 * The NPY format (numpy.org/doc/stable/reference/generated/numpy.lib.format.html): the bytes 93 `NUMPY`, a version, the length
 * of the header in 2 bytes, or 4 from version 2.0 on, the header, and the numbers as they lie in memory.
 */
const FORMAT = 'npy';
const MAGIC = Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59);
/** That of an array of eight axes has a few hundred bytes. */
const MAX_HEADER = 65535;
/** NumPy has numbers begin at a multiple of this. */
const ALIGNMENT = 64;

/** What NumPy calls each type, without the order of its bytes. It has none for bfloat16. */
const CODES: ReadonlyMap<SafeDType, string> = new Map([
  ['BOOL', 'b1'],
  ['U8', 'u1'],
  ['I8', 'i1'],
  ['U16', 'u2'],
  ['I16', 'i2'],
  ['F16', 'f2'],
  ['U32', 'u4'],
  ['I32', 'i4'],
  ['F32', 'f4'],
  ['U64', 'u8'],
  ['I64', 'i8'],
  ['F64', 'f8'],
]);
const DTYPES: ReadonlyMap<string, SafeDType> = new Map([...CODES].map(([dtype, code]) => [code, dtype]));

/** What is refused, by the first letter of its type, and what to do. */
const REFUSED: ReadonlyMap<string, string> = new Map([
  ['O', 'objects are pickles, which are programs: save an array of numbers'],
  ['S', 'holds texts: save numbers'],
  ['a', 'holds texts: save numbers'],
  ['U', 'holds texts: save numbers'],
  ['V', 'holds records or raw bytes: save each field as an array of numbers'],
  ['c', 'holds complex numbers: save x.real and x.imag'],
  ['M', "holds dates: save x.astype('int64')"],
  ['m', "holds times: save x.astype('int64')"],
]);

const failing =
  (field: string, offset?: number) =>
  (problem: string): never => {
    throw new FormatError(FORMAT, field, problem, offset);
  };

export const isNpy = (bytes: Uint8Array): boolean => MAGIC.every((byte, i) => bytes[i] === byte);

/**
 * The NPY file of an array: version 1.0, in C order, little-endian, its numbers at a multiple of 64 bytes. `data` is of the
 * dtype's own array type, or raw bytes; F16 is given as bits. Throws ValueError for data that does not fit its shape, and for
 * BF16, which NumPy does not have.
 *
 * @example
 * const file = encodeNpy({ dtype: 'F32', shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) });
 * file.length; // 144
 * decodeNpy(file).shape; // [ 2, 2 ]
 */
export function encodeNpy(array: SafeTensor): Uint8Array<ArrayBuffer> {
  return npyOf('encodeNpy', 'the array', array);
}

/** `encodeNpy`, in the words of whoever asks. */
export function npyOf(op: string, name: string, array: SafeTensor): Uint8Array<ArrayBuffer> {
  if (typeof array !== 'object' || array === null) throw new ValueError(op, name, '{ dtype, shape, data }', array);
  const { dtype, shape } = array;
  if (!Array.isArray(shape)) throw new ValueError(op, `${name} shape`, 'a list of sizes', shape);
  const { bytes, width } = checkTensor(op, name, array);
  const code = CODES.get(dtype);
  if (code === undefined)
    throw new ValueError(op, `${name} dtype`, `one of ${[...CODES.keys()].join(', ')}`, dtype, 'Give it as F32');
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
  const text = `{'descr': '${width === 1 ? '|' : '<'}${code}', 'fortran_order': False, 'shape': ${tuple}, }`;
  const start = Math.ceil((MAGIC.length + 4 + text.length + 1) / ALIGNMENT) * ALIGNMENT;
  const file = new Uint8Array(start + bytes.length).fill(0x20, 0, start);
  file.set(MAGIC);
  file.set([1, 0], MAGIC.length);
  new DataView(file.buffer).setUint16(MAGIC.length + 2, start - MAGIC.length - 4, true);
  file.set(new TextEncoder().encode(text), MAGIC.length + 4);
  file[start - 1] = 0x0a;
  file.set(bytes, start);
  return file;
}

/**
 * The array of an NPY file of version 1.0, 2.0 or 3.0, copied out of it: row-major whatever the file's order, with its bytes in
 * the machine's order. Numbers of 16 bits come as bits (F16), as those of safetensors files do; bool as bytes 0 and 1.
 * Structured arrays, objects (which are pickles), texts, complex numbers, dates, and more than eight axes are refused.
 *
 * @example
 * const file = encodeNpy({ dtype: 'I32', shape: [3], data: Int32Array.of(1, 2, 3) });
 * decodeNpy(file); // { dtype: 'I32', shape: [ 3 ], data: Int32Array(3) [ 1, 2, 3 ] }
 * decodeNpy(file.subarray(0, 139)); // throws FormatError
 */
export function decodeNpy(bytes: Uint8Array): SafeTensor {
  checkBytes('decodeNpy', 'the file', bytes);
  if (!isNpy(bytes)) failing('magic', 0)('does not begin with the bytes 93 4e 55 4d 50 59');
  const major = bytes[6];
  const isKnown = major !== undefined && major >= 1 && major <= 3 && bytes[7] === 0;
  if (!isKnown) failing('version', 6)(`this reader knows 1.0, 2.0 and 3.0, got ${major}.${bytes[7]}`);
  const begin = major === 1 ? 10 : 12;
  if (bytes.length < begin) failing('header length', 8)(`needs ${begin} bytes, got ${bytes.length}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  const rest = bytes.length - begin;
  if (length > rest) failing('header length', 8)(`${length} is more than the ${rest} bytes that follow`);
  if (length > MAX_HEADER)
    failing('header length', 8)(`${length} is more than ${MAX_HEADER}, which no array of numbers needs`);
  const { descr, fortranOrder, shape } = parseHeader(textOf(bytes.subarray(begin, begin + length)), begin);
  const { dtype, isSwapped } = typeOf(descr, begin);
  const type = ARRAYS.get(dtype)!;
  const width = type.BYTES_PER_ELEMENT;
  const wanted = sizeOf(shape, begin) * width;
  const held = rest - length;
  if (wanted !== held)
    failing('data', begin + length)(`${listed(shape)} of ${dtype} takes ${wanted} bytes, the file holds ${held}`);
  const numbers = new Uint8Array(bytes.subarray(begin + length)); // Not by slice: that of a Buffer of Node copies nothing
  if (dtype === 'BOOL' && numbers.some((byte) => byte > 1))
    failing('data', begin + length)('holds a bool that is neither 0 nor 1');
  if (isSwapped) swapBytes(numbers, width);
  const data = new type(numbers.buffer);
  if (!fortranOrder || shape.length < 2) return { dtype, shape, data };
  // The first axis is the one whose numbers lie side by side
  const steps = stridesOf([...shape].reverse()).reverse();
  return { dtype, shape, data: arrange(data, new type(new ArrayBuffer(wanted)), shape, steps) };
}

/** Bytes as characters of the same code: what is no ASCII fits nowhere in the header's grammar. */
function textOf(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

function typeOf(descr: string, offset: number): { dtype: SafeDType; isSwapped: boolean } {
  const fail = failing('descr', offset);
  const order = /^[<>|=]/.exec(descr)?.[0] ?? '';
  const code = descr.slice(order.length);
  const dtype = DTYPES.get(code);
  const shown = `"${descr.slice(0, 20)}"`;
  if (dtype === undefined)
    return fail(`${shown} ${REFUSED.get(code.charAt(0)) ?? `is not one of ${[...DTYPES.keys()].join(', ')}`}`);
  const isByte = code.endsWith('1');
  if (order === '|' && !isByte) fail(`${shown} does not say the order of its bytes`);
  return { dtype, isSwapped: order === '>' && !isByte };
}

function sizeOf(shape: Shape, offset: number): number {
  try {
    return size(FORMAT, shape);
  } catch (error) {
    if (error instanceof WhittleError) return failing('shape', offset)(error.message);
    throw error;
  }
}

/** Turns round the bytes of each number. */
function swapBytes(bytes: Uint8Array, width: number): void {
  for (let at = 0; at < bytes.length; at += width)
    for (let i = 0; i < width >> 1; i++) {
      const last = at + width - 1 - i;
      const byte = bytes[at + i]!;
      bytes[at + i] = bytes[last]!;
      bytes[last] = byte;
    }
}
