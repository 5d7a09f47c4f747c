import { FormatError } from '../base/errors.ts';

/**
 * The wire format of Protocol Buffers (protobuf.dev/programming-guides/encoding): a message is its fields one after another,
 * each a key, number·8 + wire type, and its content: 0 a varint, seven bits a byte, the lowest first; 1 eight bytes; 2 a length and
 * so many bytes, which are text, bytes, a message or numbers side by side ("packed"); 5 four bytes.
 *
 * What fields a message has is a schema, which serves reader and writer alike. A reader passes over fields that no schema has.
 */
export type FieldKind = 'int' | 'float' | 'double' | 'text' | 'bytes';

/** A field: its number, and what its content is. A list may come packed or field by field. */
export interface Field {
  readonly number: number;
  readonly kind: FieldKind | Fields;
  readonly isList?: true;
}

/** The fields of a message. Those that are no lists may be missing. */
export type Schema<M> = { readonly [F in keyof M]-?: Field };

/** The same of any message. */
export type Fields = Readonly<Record<string, Field>>;
type Value = number | string | Uint8Array | object;

const WIRE = { int: 0, double: 1, text: 2, bytes: 2, float: 5 } as const;
const wireOf = ({ kind }: Field): number => (typeof kind === 'string' ? WIRE[kind] : 2);
/** Numbers of a list may stand side by side. */
const isPackable = ({ kind, isList }: Field): boolean =>
  isList === true && typeof kind === 'string' && WIRE[kind] !== 2;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** What missing lists are: one for all, since a message of two bytes may have many. */
const NONE: readonly Value[] = Object.freeze([]);

/** A schema as it is read. */
interface Row {
  readonly name: string;
  readonly field: Field;
}
interface Plan {
  readonly byNumber: ReadonlyMap<number, Row>;
  readonly lists: readonly string[];
}
const plans = new WeakMap<Fields, Plan>();

function planOf(schema: Fields): Plan {
  const known = plans.get(schema);
  if (known !== undefined) return known;
  const rows = Object.entries(schema).map(([name, field]): Row => ({ name, field }));
  const plan = {
    byNumber: new Map(rows.map((row) => [row.field.number, row])),
    lists: rows.flatMap(({ name, field }) => (field.isList ? [name] : [])),
  };
  plans.set(schema, plan);
  return plan;
}

/** What all messages of a file share. */
interface Source {
  readonly file: Uint8Array;
  readonly view: DataView;
  readonly format: string;
  /** Messages and runs of bytes that there may still be: empty ones take two bytes each, and far more when they are read. */
  left: number;
}

/** Reads one message. Nothing is allocated beyond what its bytes hold. */
class Reader {
  private at: number;
  private readonly end: number;
  private readonly source: Source;

  constructor(source: Source, at: number, end: number) {
    this.source = source;
    this.at = at;
    this.end = end;
  }

  fail(path: string, problem: string): never {
    throw new FormatError(this.source.format, path, problem, this.at);
  }

  private has(path: string, bytes: number): void {
    if (bytes > this.end - this.at) this.fail(path, `needs ${bytes} bytes, and ${this.end - this.at} are left`);
  }

  /** Of 64 bits, as a signed number: beyond 2⁵³ the nearest that a double has. */
  private varint(path: string): number {
    let low = 0; // 28 bits
    let middle = 0; // 28 bits
    let high = 0; // 8 bits
    for (let i = 0; i < 10; i++) {
      this.has(path, 1);
      const byte = this.source.file[this.at++]!;
      const seven = byte & 127;
      if (i < 4) low |= seven << (7 * i);
      else if (i < 8) middle |= seven << (7 * (i - 4));
      else high |= seven << (7 * (i - 8));
      if (byte < 128) {
        if (high > 255) break;
        const signed = high > 127 ? high - 256 : high;
        return signed * 2 ** 56 + middle * 2 ** 28 + low;
      }
    }
    return this.fail(path, 'is a varint of more than 64 bits');
  }

  private length(path: string): number {
    const n = this.varint(path);
    if (!(n >= 0 && n <= this.end - this.at))
      this.fail(path, `has a length of ${n} bytes, and ${this.end - this.at} are left`);
    return n;
  }

  private number(kind: 'int' | 'float' | 'double', path: string): number {
    if (kind === 'int') return this.varint(path);
    const size = kind === 'float' ? 4 : 8;
    this.has(path, size);
    const { view } = this.source;
    const x = kind === 'float' ? view.getFloat32(this.at, true) : view.getFloat64(this.at, true);
    this.at += size;
    return x;
  }

  private content({ kind }: Field, path: string): Value {
    if (kind === 'int' || kind === 'float' || kind === 'double') return this.number(kind, path);
    const end = this.length(path) + this.at;
    const begin = this.at;
    this.at = end;
    if (typeof kind !== 'string') return new Reader(this.source, begin, end).message(kind, path);
    const bytes = this.source.file.subarray(begin, end);
    if (kind === 'bytes') {
      this.spend(path);
      return bytes;
    }
    try {
      return utf8.decode(bytes);
    } catch {
      return this.fail(path, 'is no UTF-8 text');
    }
  }

  private spend(path: string): void {
    if (--this.source.left < 0) this.fail(path, 'is one of more parts than a file of this size holds');
  }

  private skip(wire: number, path: string): void {
    if (wire === 0) this.varint(path);
    else if (wire === 1 || wire === 5) {
      this.has(path, wire === 1 ? 8 : 4);
      this.at += wire === 1 ? 8 : 4;
    } else if (wire === 2) {
      const length = this.length(path);
      this.at += length;
    } else this.fail(path, `has the wire type ${wire}, which this reader does not know`);
  }

  message(schema: Fields, path: string): object {
    const { byNumber, lists } = planOf(schema);
    this.spend(path);
    const found: Record<string, Value> = {};
    for (const name of lists) found[name] = NONE;
    const listOf = (name: string): Value[] => {
      if (found[name] === NONE) found[name] = [];
      return found[name] as Value[];
    };
    while (this.at < this.end) {
      const key = this.varint(path);
      const number = Math.floor(key / 8);
      if (!(number >= 1 && number < 2 ** 29)) this.fail(path, `has a field of the number ${number}`);
      const wire = key - number * 8;
      const known = byNumber.get(number);
      if (known === undefined) {
        this.skip(wire, `${path} field ${number}`);
        continue;
      }
      const { name, field } = known;
      const at = `${path}.${name}`;
      if (wire === 2 && isPackable(field)) {
        const list = listOf(name);
        const end = this.length(at) + this.at;
        const packed = new Reader(this.source, this.at, end);
        while (packed.at < end) list.push(packed.number(field.kind as 'int', at));
        this.at = end;
      } else if (wire !== wireOf(field)) this.fail(at, `has the wire type ${wire} in the place of ${wireOf(field)}`);
      else if (field.isList) {
        const list = listOf(name);
        list.push(this.content(field, `${at}[${list.length}]`));
      } else found[name] = this.content(field, at); // of several the last counts
    }
    return found;
  }
}

/**
 * The message of these bytes. Throws FormatError, which names the field and the byte, for what is no such message.
 */
export function decodeMessage<M extends object>(file: Uint8Array, schema: Schema<M>, format: string, path: string): M {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const source = { file, view, format, left: 1024 + file.length / 4 };
  return new Reader(source, 0, file.length).message(schema as Fields, path) as M;
}

/** Bytes in parts, so that each is copied once. */
class Writer {
  readonly parts: Uint8Array[] = [];
  length = 0;

  put(bytes: Uint8Array): void {
    this.parts.push(bytes);
    this.length += bytes.length;
  }

  varint(n: number): void {
    const bytes: number[] = [];
    let rest = BigInt.asUintN(64, BigInt(n));
    for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
    this.put(Uint8Array.of(...bytes, Number(rest)));
  }

  number(kind: 'int' | 'float' | 'double', x: number): void {
    if (kind === 'int') {
      this.varint(x);
      return;
    }
    const bytes = new DataView(new ArrayBuffer(kind === 'float' ? 4 : 8));
    if (kind === 'float') bytes.setFloat32(0, x, true);
    else bytes.setFloat64(0, x, true);
    this.put(new Uint8Array(bytes.buffer));
  }

  /** A length and so many bytes. */
  delimited(number: number, { parts, length }: Pick<Writer, 'parts' | 'length'>): void {
    this.varint(number * 8 + 2);
    this.varint(length);
    for (const part of parts) this.put(part);
  }

  field(field: Field, value: Value): void {
    const { number, kind } = field;
    if (kind === 'int' || kind === 'float' || kind === 'double') {
      this.varint(number * 8 + WIRE[kind]);
      this.number(kind, value as number);
      return;
    }
    const content = new Writer();
    if (typeof kind !== 'string') content.message(kind, value as object);
    else content.put(kind === 'text' ? new TextEncoder().encode(value as string) : (value as Uint8Array));
    this.delimited(number, content);
  }

  message(schema: Fields, message: object): void {
    for (const [name, value] of Object.entries(message) as [string, Value | undefined][]) {
      const field = schema[name]!;
      if (value === undefined) continue;
      if (!field.isList) this.field(field, value);
      else if (isPackable(field)) {
        if ((value as number[]).length === 0) continue;
        const packed = new Writer();
        for (const x of value as number[]) packed.number(field.kind as 'int', x);
        this.delimited(field.number, packed);
      } else for (const each of value as Value[]) this.field(field, each);
    }
  }
}

/** The bytes of a message, fields in the order of its properties, lists of numbers packed. */
export function encodeMessage<M extends object>(message: M, schema: Schema<M>): Uint8Array<ArrayBuffer> {
  const writer = new Writer();
  writer.message(schema as Fields, message);
  const bytes = new Uint8Array(writer.length);
  let at = 0;
  for (const part of writer.parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
