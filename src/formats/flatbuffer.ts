import { FormatError } from '../base/errors.ts';

/**
 * FlatBuffers (flatbuffers.dev/internals): a file of tables that point to one another. A table begins with the distance back to
 * its vtable, which holds, in 16 bits each, its own size, that of the table and where in the table each field lies; 0 for a
 * field that has its default. Texts, vectors and tables lie elsewhere: a field holds the distance to them. A vector is a count
 * and its elements. A union is two fields: which table it is, and that table. All numbers are little-endian.
 *
 * What fields a table has is a schema, which serves reader and writer alike. A reader passes over fields that no schema has.
 */
const SCALARS = { bool: 1, int8: 1, uint8: 1, int32: 4, uint32: 4, float32: 4, uint64: 8 } as const;
const VECTORS = { bytes: 1, int32s: 4, float32s: 4, int64s: 8 } as const;

type Scalar = keyof typeof SCALARS;
type Vector = keyof typeof VECTORS;

/** A table whose kind is said by the number in the field before it. */
export interface Union {
  readonly tables: ReadonlyMap<number, Fields>;
}

export interface Field {
  readonly number: number;
  readonly kind: Scalar | Vector | 'text' | Union | Fields;
  /** Of tables. */
  readonly isList?: true;
  /** What a number is where a file has none. Default 0. */
  readonly usual?: number;
}

/** The fields of a table. Of those that a file lacks, numbers are their default, vectors and lists empty, others undefined. */
export type Schema<M> = { readonly [F in keyof M]-?: Field };

/** The same of any table. */
export type Fields = Readonly<Record<string, Field>>;

/** What a union holds. */
export interface Chosen {
  readonly type: number;
  readonly table: object;
}
type Value = number | string | Uint8Array | object;

const isScalar = (kind: Field['kind']): kind is Scalar => typeof kind === 'string' && Object.hasOwn(SCALARS, kind);
const isVector = (kind: Field['kind']): kind is Vector => typeof kind === 'string' && Object.hasOwn(VECTORS, kind);
const isUnion = (kind: Field['kind']): kind is Union =>
  typeof kind === 'object' && 'tables' in kind && kind.tables instanceof Map;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Reads the tables of a file. What it makes is bounded, tables and what they hold: offsets may lead to one place often, and all of
 * them together may not.
 */
class Reader {
  private readonly view: DataView;
  private left: number;
  /** Tables that there may still be: an empty one takes eight bytes with its offset, and far more when it is read. */
  private tablesLeft: number;
  private readonly file: Uint8Array;
  private readonly format: string;

  constructor(file: Uint8Array, format: string) {
    this.file = file;
    this.format = format;
    this.view = new DataView(file.buffer, file.byteOffset, file.byteLength);
    this.left = 2 * file.length + 1024;
    this.tablesLeft = file.length / 16 + 1024;
  }

  private fail(path: string, problem: string, at: number): never {
    throw new FormatError(this.format, path, problem, at);
  }

  private has(path: string, at: number, bytes: number): void {
    if (!(at >= 0 && bytes <= this.file.length - at))
      this.fail(path, `needs ${bytes} bytes, and the file has ${this.file.length}`, at);
  }

  private spend(path: string, at: number, bytes: number): void {
    this.left -= bytes;
    if (this.left < 0) this.fail(path, 'is part of tables that hold more than the file: they overlap', at);
  }

  /** Counts tables before they are read. */
  private expect(path: string, at: number, tables: number): void {
    this.tablesLeft -= tables;
    if (this.tablesLeft < 0) this.fail(path, 'has more tables than a file of this size holds', at);
  }

  /** Where the offset at a place leads. */
  private follow(path: string, at: number): number {
    this.has(path, at, 4);
    const to = at + this.view.getUint32(at, true);
    this.has(path, to, 4);
    return to;
  }

  private scalar(kind: Scalar, path: string, at: number): number {
    const { view } = this;
    switch (kind) {
      case 'int8':
        return view.getInt8(at);
      case 'int32':
        return view.getInt32(at, true);
      case 'uint32':
        return view.getUint32(at, true);
      case 'float32':
        return view.getFloat32(at, true);
      case 'uint64':
        return view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32;
      case 'bool':
      case 'uint8':
        return view.getUint8(at);
      default:
        return this.fail(path, 'has no such kind', at);
    }
  }

  /** The count of a vector at a place, whose elements are known to be there. */
  private count(path: string, at: number, width: number): number {
    const n = this.view.getUint32(at, true);
    if (n > (this.file.length - at - 4) / width)
      this.fail(path, `has ${n} elements of ${width} bytes, and ${this.file.length - at - 4} bytes are left`, at);
    return n;
  }

  private vector(kind: Vector, path: string, at: number): Uint8Array | number[] {
    const width = VECTORS[kind];
    const n = this.count(path, at, width);
    const begin = at + 4;
    if (kind === 'bytes') return this.file.subarray(begin, begin + n);
    this.spend(path, at, n * width);
    const { view } = this;
    if (kind === 'int32s') return Array.from({ length: n }, (_, i) => view.getInt32(begin + 4 * i, true));
    if (kind === 'float32s') return Array.from({ length: n }, (_, i) => view.getFloat32(begin + 4 * i, true));
    // As signed numbers: beyond 2⁵³ the nearest that a double has
    return Array.from(
      { length: n },
      (_, i) => view.getUint32(begin + 8 * i, true) + view.getInt32(begin + 8 * i + 4, true) * 2 ** 32,
    );
  }

  private text(path: string, at: number): string {
    const n = this.count(path, at, 1);
    this.spend(path, at, n);
    try {
      return utf8.decode(this.file.subarray(at + 4, at + 4 + n));
    } catch {
      return this.fail(path, 'is no UTF-8 text', at);
    }
  }

  private tables(fields: Fields, path: string, at: number): object[] {
    const n = this.count(path, at, 4);
    this.expect(path, at, n);
    const list: object[] = [];
    for (let i = 0; i < n; i++) {
      const each = `${path}[${i}]`;
      list.push(this.table(fields, each, this.follow(each, at + 4 + 4 * i)));
    }
    return list;
  }

  private elsewhere({ kind, isList }: Field, path: string, at: number, type: number): Value | undefined {
    if (typeof kind === 'object' && isList !== true) this.expect(path, at, 1);
    if (isUnion(kind)) {
      const fields = kind.tables.get(type);
      return fields && { type, table: this.table(fields, path, at) };
    }
    if (isVector(kind)) return this.vector(kind, path, at);
    if (kind === 'text') return this.text(path, at);
    return isList ? this.tables(kind as Fields, path, at) : this.table(kind as Fields, path, at);
  }

  table(fields: Fields, path: string, at: number): object {
    const vtable = at - this.view.getInt32(at, true);
    this.has(path, vtable, 4);
    const slots = this.view.getUint16(vtable, true);
    const size = this.view.getUint16(vtable + 2, true);
    if (slots < 4 || size < 4) this.fail(path, `has a vtable of ${slots} bytes for a table of ${size}`, vtable);
    this.has(path, vtable, slots);
    this.has(path, at, size);
    this.spend(path, at, size + 4);
    /** Where in the file a field of so many bytes lies; null for one that is left out. */
    const place = (number: number, width: number, named: string): number | null => {
      const slot = 4 + 2 * number;
      const from = slot + 2 <= slots ? this.view.getUint16(vtable + slot, true) : 0;
      if (from === 0) return null;
      if (from < 4 || from + width > size)
        this.fail(named, `lies at ${from} of a table of ${size} bytes`, vtable + slot);
      return at + from;
    };
    const found: Record<string, Value | undefined> = {};
    for (const [name, field] of Object.entries(fields)) {
      const { number, kind, isList, usual = 0 } = field;
      const named = `${path}.${name}`;
      if (isScalar(kind)) {
        const there = place(number, SCALARS[kind], named);
        found[name] = there === null ? usual : this.scalar(kind, named, there);
        continue;
      }
      const there = place(number, 4, named);
      const type = isUnion(kind) ? place(number - 1, 1, named) : null;
      const empty = kind === 'bytes' ? new Uint8Array() : isVector(kind) || isList ? [] : undefined;
      const of = type === null ? 0 : this.view.getUint8(type);
      found[name] = there === null ? empty : this.elsewhere(field, named, this.follow(named, there), of);
    }
    return found;
  }

  root(fields: Fields, path: string): object {
    return this.table(fields, path, this.follow(path, 0));
  }
}

/**
 * The root table of a file. Throws FormatError, which names the field and the byte, for what is no such table; `bytes` are views
 * of the file.
 */
export const decodeFlatbuffer = <M extends object>(
  file: Uint8Array,
  schema: Schema<M>,
  format: string,
  path: string,
): M => new Reader(file, format).root(schema as Fields, path) as M;

/** Writes from front to back: what a table points to comes behind it, in the order of the fields. */
class Writer {
  private bytes = new Uint8Array(1024);
  private view = new DataView(this.bytes.buffer);
  private length = 0;
  /** Where each vtable is, by what it says. */
  private readonly vtables = new Map<string, number>();
  /** What is still to be written, and where the offsets to it are. */
  private readonly pending: { readonly at: number; readonly field: Field; readonly value: Value }[] = [];

  /** So many more bytes of 0; returns where they are. */
  private room(n: number): number {
    const at = this.length;
    this.length += n;
    if (this.length > this.bytes.length) {
      const larger = new Uint8Array(2 * this.length);
      larger.set(this.bytes);
      this.bytes = larger;
      this.view = new DataView(larger.buffer);
    }
    return at;
  }

  /** Zeros until what follows `ahead` more bytes lies at a multiple of `to`. */
  private align(to: number, ahead = 0): void {
    this.room((to - ((this.length + ahead) % to)) % to);
  }

  private scalar(kind: Scalar, at: number, x: number): void {
    const { view } = this;
    if (kind === 'float32') view.setFloat32(at, x, true);
    else if (SCALARS[kind] === 1) view.setUint8(at, x);
    else view.setUint32(at, x, true);
    if (kind === 'uint64') view.setUint32(at + 4, Math.floor(x / 2 ** 32), true);
  }

  private vector(kind: Vector, values: Uint8Array | readonly number[]): number {
    const width = VECTORS[kind];
    // Numbers of constants are read in place: those of any kind lie right at a multiple of 16
    this.align(kind === 'bytes' ? 16 : Math.max(width, 4), 4);
    const at = this.room(4 + values.length * width);
    this.view.setUint32(at, values.length, true);
    if (kind === 'bytes') this.bytes.set(values as Uint8Array, at + 4);
    else
      values.forEach((x, i) => {
        const to = at + 4 + i * width;
        this.scalar(kind === 'float32s' ? 'float32' : 'int32', to, x);
        if (kind === 'int64s') this.view.setInt32(to + 4, Math.floor(x / 2 ** 32), true);
      });
    return at;
  }

  private text(value: string): number {
    const text = new TextEncoder().encode(value);
    this.align(4);
    const at = this.room(4 + text.length + 1); // a zero behind it
    this.view.setUint32(at, text.length, true);
    this.bytes.set(text, at + 4);
    return at;
  }

  private list(fields: Fields, tables: readonly object[]): number {
    this.align(4);
    const at = this.room(4 + 4 * tables.length);
    this.view.setUint32(at, tables.length, true);
    for (const [i, value] of tables.entries())
      this.pending.push({ at: at + 4 + 4 * i, field: { number: 0, kind: fields }, value });
    return at;
  }

  private table(fields: Fields, message: object): number {
    const slots: number[] = [];
    const parts: { readonly from: number; readonly field: Field; readonly value: Value }[] = [];
    let size = 4;
    const add = (field: Field, width: number, value: Value): void => {
      size = Math.ceil(size / width) * width;
      while (slots.length <= field.number) slots.push(0);
      slots[field.number] = size;
      parts.push({ from: size, field, value });
      size += width;
    };
    for (const [name, value] of Object.entries(message) as [string, Value | undefined][]) {
      const field = fields[name]!;
      // An empty list is one that is left out: TensorFlow Lite takes a buffer that has one, with no bytes, for a constant
      const isEmpty = (Array.isArray(value) || value instanceof Uint8Array) && value.length === 0;
      if (value === undefined || isEmpty || value === (field.usual ?? 0)) continue;
      if (isUnion(field.kind)) add({ number: field.number - 1, kind: 'uint8' }, 1, (value as Chosen).type);
      add(field, isScalar(field.kind) ? SCALARS[field.kind] : 4, value);
    }
    const vtable = this.vtable(slots, size);
    this.align(4);
    const at = this.room(size);
    this.view.setInt32(at, at - vtable, true);
    for (const { from, field, value } of parts) {
      if (isScalar(field.kind)) this.scalar(field.kind, at + from, value as number);
      else this.pending.push({ at: at + from, field, value });
    }
    return at;
  }

  private vtable(slots: readonly number[], size: number): number {
    const key = `${size} ${slots.join(' ')}`;
    const known = this.vtables.get(key);
    if (known !== undefined) return known;
    this.align(2);
    const at = this.room(4 + 2 * slots.length);
    for (const [i, n] of [4 + 2 * slots.length, size, ...slots].entries()) this.view.setUint16(at + 2 * i, n, true);
    this.vtables.set(key, at);
    return at;
  }

  private value({ kind, isList }: Field, value: Value): number {
    if (isUnion(kind)) return this.table(kind.tables.get((value as Chosen).type)!, (value as Chosen).table);
    if (isVector(kind)) return this.vector(kind, value as Uint8Array | readonly number[]);
    if (kind === 'text') return this.text(value as string);
    return isList ? this.list(kind as Fields, value as object[]) : this.table(kind as Fields, value as object);
  }

  file(fields: Fields, message: object, identifier: string): Uint8Array<ArrayBuffer> {
    this.pending.push({ at: this.room(4), field: { number: 0, kind: fields }, value: message });
    this.bytes.set(new TextEncoder().encode(identifier), this.room(4));
    for (let i = 0; i < this.pending.length; i++) {
      const { at, field, value } = this.pending[i]!;
      const to = this.value(field, value);
      this.view.setUint32(at, to - at, true);
    }
    return this.bytes.slice(0, this.length);
  }
}

/** A file of a root table, and of four letters that say what file it is. The same table gives the same bytes. */
export const encodeFlatbuffer = <M extends object>(
  message: M,
  schema: Schema<M>,
  identifier: string,
): Uint8Array<ArrayBuffer> => new Writer().file(schema as Fields, message, identifier);
