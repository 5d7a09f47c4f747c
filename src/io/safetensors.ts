import { checkBytes, FormatError, LimitError, listed, show, ValueError, WhittleError } from '../base/errors.ts';
import { type Shape, size } from '../base/shape.ts';
import { JsonObject, type JsonValue, parseJson } from './json.ts';

/**
 * The safetensors format (github.com/huggingface/safetensors): 8 bytes little-endian length of the header, the header
 * in JSON, then the numbers, little-endian and row-major. The header maps names to dtype, shape and byte range; the
 * ranges fill the rest of the file without holes or overlap. Numbers pass as they lie in memory, which is little-endian
 * on every machine that runs a current JavaScript engine.
 */
const FORMAT = 'safetensors';
const MAX_HEADER = 100_000_000;
const METADATA = '__metadata__';

export type SafeDType =
  | 'BOOL'
  | 'U8'
  | 'I8'
  | 'U16'
  | 'I16'
  | 'F16'
  | 'BF16'
  | 'U32'
  | 'I32'
  | 'F32'
  | 'U64'
  | 'I64'
  | 'F64';

export type SafeArray =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array
  | BigUint64Array
  | BigInt64Array;

/** A tensor of a safetensors file. F16 and BF16 are held as their bits in a Uint16Array, BOOL as bytes. */
export interface SafeTensor {
  readonly dtype: SafeDType;
  readonly shape: Shape;
  readonly data: SafeArray;
}

export interface SafeTensors {
  readonly tensors: Map<string, SafeTensor>;
  readonly metadata: Map<string, string>;
}

interface ArrayType {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBuffer): SafeArray;
}

/** The array of each dtype. */
export const ARRAYS: ReadonlyMap<string, ArrayType> = new Map<SafeDType, ArrayType>([
  ['BOOL', Uint8Array],
  ['U8', Uint8Array],
  ['I8', Int8Array],
  ['U16', Uint16Array],
  ['I16', Int16Array],
  ['F16', Uint16Array],
  ['BF16', Uint16Array],
  ['U32', Uint32Array],
  ['I32', Int32Array],
  ['F32', Float32Array],
  ['U64', BigUint64Array],
  ['I64', BigInt64Array],
  ['F64', Float64Array],
]);

/**
 * A safetensors file. The same tensors and metadata give the same bytes whatever their order: wide elements first,
 * so that all are aligned, then by name. `data` is of the dtype's own array type, or raw bytes.
 *
 * @example
 * const w: SafeTensor = { dtype: 'F32', shape: [2], data: Float32Array.of(0.5, 2) };
 * const { tensors, metadata } = decodeSafetensors(encodeSafetensors(new Map([['w', w]]), { author: 'Ann' }));
 * tensors.get('w'); // { dtype: 'F32', shape: [ 2 ], data: Float32Array(2) [ 0.5, 2 ] }
 * metadata.get('author'); // Ann
 */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, SafeTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  if (!(tensors instanceof Map))
    throw new ValueError(
      'encodeSafetensors',
      'tensors',
      'a Map of names to { dtype, shape, data }',
      tensors,
      'new Map(Object.entries(tensors)) makes one of an object',
    );
  if (typeof metadata !== 'object' || metadata === null)
    throw new ValueError('encodeSafetensors', 'metadata', 'an object of texts', metadata);
  if (tensors.has(METADATA)) throw new ValueError('encodeSafetensors', 'name', `other than ${METADATA}`, METADATA);
  const entries = [...tensors].map(([name, tensor]) => ({
    name,
    ...tensor,
    ...checkTensor('encodeSafetensors', name, tensor),
  }));
  entries.sort((a, b) => b.width - a.width || (a.name < b.name ? -1 : 1));
  const parts: string[] = [];
  const keys = Object.keys(metadata).sort();
  if (keys.length > 0) {
    parts.push(`${quote(METADATA)}:{${keys.map((key) => `${quote(key)}:${quote(metadata[key])}`).join(',')}}`);
  }
  let end = 0;
  for (const { name, dtype, shape, bytes } of entries) {
    const begin = end;
    end += bytes.length;
    parts.push(`${quote(name)}:${JSON.stringify({ dtype, shape, data_offsets: [begin, end] })}`);
  }
  const header = new TextEncoder().encode(`{${parts.join(',')}}`);
  const headerLength = Math.ceil(header.length / 8) * 8;
  if (headerLength > MAX_HEADER) throw new LimitError('encodeSafetensors', 'the header', headerLength, MAX_HEADER);
  const file = new Uint8Array(8 + headerLength + end);
  new DataView(file.buffer).setUint32(0, headerLength, true);
  file.fill(0x20, 8, 8 + headerLength);
  file.set(header, 8);
  let at = 8 + headerLength;
  for (const { bytes } of entries) {
    file.set(bytes, at);
    at += bytes.length;
  }
  return file;
}

/**
 * The tensors and the metadata of a safetensors file, copied out of it. Everything that the format does not allow is a
 * FormatError with the field and, where known, the byte; nothing is allocated before its size is known to be there.
 *
 * @example
 * const { tensors } = decodeSafetensors(encodeNetwork(toNetwork(model)));
 * [...tensors.keys()]; // [ 'dense/bias', 'dense/kernel', 'dense_1/bias', 'dense_1/kernel' ]
 * tensors.get('dense/kernel')?.shape; // [ 4, 32 ]
 */
export function decodeSafetensors(file: Uint8Array): SafeTensors {
  const { header, fail, dataStart } = readHeader(file);
  const metadata = readMetadata(header.get(METADATA), fail);
  const entries: Entry[] = [];
  for (const [name, value] of header) if (name !== METADATA) entries.push(readEntry(name, value, fail));
  checkRanges(entries, file.length - dataStart, fail);
  const tensors = new Map<string, SafeTensor>();
  for (const { name, dtype, shape, type, begin, end } of entries) {
    const bytes = new Uint8Array(end - begin);
    bytes.set(file.subarray(dataStart + begin, dataStart + end));
    tensors.set(name, { dtype, shape, data: new type(bytes.buffer) });
  }
  return { tensors, metadata };
}

interface Entry {
  readonly name: string;
  readonly dtype: SafeDType;
  readonly shape: Shape;
  readonly type: ArrayType;
  readonly begin: number;
  readonly end: number;
  /** Where the header's text speaks of it. */
  readonly at: number;
}

/** Throws a FormatError; `at` is an index into the header's text. */
type Fail = (field: string, problem: string, at: number) => never;

/** The header alone, which says whose file it is. Throws FormatError where it is not to be read. */
export function readHeader(file: Uint8Array): { header: JsonObject; fail: Fail; dataStart: number } {
  checkBytes('decodeSafetensors', 'the file', file);
  const wrong = (field: string, problem: string, offset = 0): never => {
    throw new FormatError(FORMAT, field, problem, offset);
  };
  if (file.length < 8) wrong('header length', `needs 8 bytes, got ${file.length}`);
  const view = new DataView(file.buffer, file.byteOffset, 8);
  const length = view.getUint32(0, true) + view.getUint32(4, true) * 4294967296;
  if (length > MAX_HEADER) wrong('header length', `${length} is more than ${MAX_HEADER}`);
  const rest = file.length - 8;
  if (length > rest) wrong('header length', `${length} is more than the ${rest} bytes that follow`);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(file.subarray(8, 8 + length));
  } catch {
    return wrong('header', 'is not UTF-8', 8);
  }
  const fail: Fail = (field, problem, at) =>
    wrong(field, problem, 8 + new TextEncoder().encode(text.slice(0, at)).length);
  if (text.charAt(0) !== '{') fail('header', 'does not begin with {', 0);
  const header = parseJson(text, (problem, at) => fail('header', problem, at), { maxDepth: 4, integersOnly: true });
  return { header: header as JsonObject, fail, dataStart: 8 + length };
}

function readMetadata(value: JsonValue | undefined, fail: Fail): Map<string, string> {
  const metadata = new Map<string, string>();
  if (value === undefined) return metadata;
  if (!(value instanceof JsonObject)) return fail(METADATA, 'must be an object', 0);
  for (const [key, text] of value) {
    if (typeof text !== 'string') return fail(`${METADATA}.${show(key)}`, 'must be a string', value.at);
    metadata.set(key, text);
  }
  return metadata;
}

function readEntry(name: string, value: JsonValue, fail: Fail): Entry {
  if (!(value instanceof JsonObject)) return fail(show(name), 'must be an object', 0);
  const { at } = value;
  const wrong = (field: string, problem: string): never => fail(`${show(name)}${field}`, problem, at);
  for (const key of value.keys()) {
    if (key !== 'dtype' && key !== 'shape' && key !== 'data_offsets') wrong('', `has an unknown field ${show(key)}`);
  }
  const dtype = value.get('dtype');
  const type = typeof dtype === 'string' ? ARRAYS.get(dtype) : undefined;
  if (type === undefined) return wrong('.dtype', `must be one of ${[...ARRAYS.keys()].join(', ')}`);
  const shape = value.get('shape');
  if (!isNumbers(shape)) return wrong('.shape', 'must be a list of non-negative integers');
  const offsets = value.get('data_offsets');
  if (!isNumbers(offsets) || offsets.length !== 2) return wrong('.data_offsets', 'must be two integers');
  const [begin, end] = offsets as [number, number];
  let bytes = 0;
  try {
    bytes = size(FORMAT, shape) * type.BYTES_PER_ELEMENT;
  } catch (error) {
    if (error instanceof WhittleError) return wrong('.shape', error.message);
    throw error;
  }
  if (bytes !== end - begin) {
    return wrong('.data_offsets', `shape ${listed(shape)} of ${dtype} needs ${bytes} bytes, got ${end - begin}`);
  }
  return { name, dtype: dtype as SafeDType, shape, type, begin, end, at };
}

/** Throws unless the ranges, in order, run from 0 to `length` and each begins where the one before ends. */
function checkRanges(entries: readonly Entry[], length: number, fail: Fail): void {
  let reached = 0;
  for (const { name, begin, end, at } of [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== reached) fail(`${show(name)}.data_offsets`, `must begin at ${reached}, got ${begin}`, at);
    reached = end;
  }
  if (reached !== length)
    fail('data', `the tensors take ${reached} bytes, the file holds ${length} after the header`, 0);
}

/** The bytes of a tensor, and how many an element has. Throws ValueError, in the words of `op`, for what is no tensor. */
export function checkTensor(op: string, name: string, tensor: SafeTensor): { width: number; bytes: Uint8Array } {
  const { dtype, shape, data } = tensor;
  const type = ARRAYS.get(dtype);
  if (type === undefined)
    throw new ValueError(op, `${show(name)} dtype`, `one of ${[...ARRAYS.keys()].join(', ')}`, dtype);
  if (!(data instanceof type) && !(data instanceof Uint8Array))
    throw new ValueError(op, `${show(name)} data`, `${type.name} or bytes for ${dtype}`, data);
  const width = type.BYTES_PER_ELEMENT;
  const wanted = size(op, shape) * width;
  if (data.byteLength !== wanted) {
    const requirement = `${wanted} bytes for shape ${listed(shape)} of ${dtype}`;
    throw new ValueError(op, `${show(name)} data`, requirement, data.byteLength);
  }
  return { width, bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) };
}

const isNumbers = (value: JsonValue | undefined): value is number[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'number');

/** A string in JSON. Throws for what is no string, or no Unicode: UTF-8 has no half surrogate pairs. */
function quote(text: string | undefined): string {
  if (typeof text !== 'string' || /\p{Surrogate}/u.test(text)) {
    throw new ValueError('encodeSafetensors', 'a name or metadata value', 'a well-formed string', text);
  }
  return JSON.stringify(text);
}
