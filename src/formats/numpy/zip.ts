import { FormatError, LimitError, ValueError } from '../../base/errors.ts';
import { crc32, inflate } from '../../data/inflate.ts';

/**
 * Zip files (PKWARE's APPNOTE.TXT 6.3): members, each behind a header of its own, then a directory of them, then where that
 * lies. Sizes and places are the directory's. Members are stored or deflated; nothing is encrypted or of more than 4 GiB.
 */
const FORMAT = 'zip';
const MEMBER = 0x04034b50;
const ENTRY = 0x02014b50;
const END = 0x06054b50;
const MEMBER_BYTES = 30;
const ENTRY_BYTES = 46;
const END_BYTES = 22;
/** What stands in a field whose number is elsewhere, in a record of zip64. */
const ELSEWHERE = 0xffffffff;
const MAX_COMMENT = 65535;
/** Deflate makes at most 1,032 bytes of one. */
const MAX_GROWTH = 1032;
const ENCRYPTED = 1;
const STORED = 0;
const DEFLATED = 8;
const UTF8 = 0x800;

/** A member as the directory has it. */
export interface ZipEntry {
  readonly name: string;
  readonly flags: number;
  readonly method: number;
  readonly crc: number;
  readonly packed: number;
  readonly size: number;
  /** Of its own header. */
  readonly offset: number;
  /** Of its line in the directory. */
  readonly at: number;
}

const fail = (field: string, problem: string, at?: number): never => {
  throw new FormatError(FORMAT, field, problem, at);
};
const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);

export const isZip = (bytes: Uint8Array): boolean => {
  const signature = bytes.length < END_BYTES ? 0 : viewOf(bytes).getUint32(0, true);
  return signature === MEMBER || signature === END;
};

/**
 * Throws for a name that is no plain path inside a folder: empty, absolute, with `.` or `..`, a drive, a backslash, or characters
 * that control. Whoever writes members to a disk under their names then stays in the folder.
 */
export function checkMemberName(name: string, refuse: (wanted: string) => never): void {
  const isPlain = name.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  if (!isPlain || /[\\:\u0000-\u001f\u007f]|\p{Surrogate}/u.test(name))
    refuse('a plain name, without .. or a backslash, colon or slash at either end');
}

/** The members of a zip file, in the order of its directory. Nothing is unpacked. Throws FormatError. */
export function zipEntries(bytes: Uint8Array): ZipEntry[] {
  const view = viewOf(bytes);
  const end = endOf(bytes, view);
  const count = view.getUint16(end + 10, true);
  const length = view.getUint32(end + 12, true);
  const start = view.getUint32(end + 16, true);
  const isWhole = view.getUint16(end + 4, true) === 0 && view.getUint16(end + 8, true) === count;
  if (!isWhole) fail('end', 'belongs to a file in several parts', end);
  if (start + length > end) fail('directory', `of ${length} bytes at ${start} does not lie before its end`, end);
  const entries: ZipEntry[] = [];
  let at = start;
  for (let i = 0; i < count; i++) {
    const field = `entry ${i}`;
    if (at + ENTRY_BYTES > start + length || view.getUint32(at, true) !== ENTRY)
      fail(field, 'is not in the directory', at);
    const nameBytes = view.getUint16(at + 28, true);
    const next = at + ENTRY_BYTES + nameBytes + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
    if (next > start + length) fail(field, 'is cut off', at);
    entries.push({
      name: nameIn(bytes.subarray(at + ENTRY_BYTES, at + ENTRY_BYTES + nameBytes), field, at),
      flags: view.getUint16(at + 8, true),
      method: view.getUint16(at + 10, true),
      crc: view.getUint32(at + 16, true),
      packed: view.getUint32(at + 20, true),
      size: view.getUint32(at + 24, true),
      offset: view.getUint32(at + 42, true),
      at,
    });
    at = next;
  }
  if (at !== start + length) fail('directory', `has ${start + length - at} bytes more than its ${count} entries`, at);
  return entries;
}

/** Where the record of the directory lies, whose comment ends the file. */
function endOf(bytes: Uint8Array, view: DataView): number {
  const last = bytes.length - END_BYTES;
  for (let at = last; at >= Math.max(0, last - MAX_COMMENT); at--)
    if (view.getUint32(at, true) === END && view.getUint16(at + 20, true) === last - at) return at;
  return fail('end', 'is missing: the file is no zip file, or is cut off');
}

function nameIn(bytes: Uint8Array, field: string, at: number): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return fail(field, 'has a name that is no UTF-8', at);
  }
}

/**
 * What the members of a zip file hold, by name. Names are plain (`checkMemberName`) and come once, no two members share a byte,
 * checksums are right. Throws LimitError before anything is unpacked if all members together have more than `maxBytes`, and
 * FormatError, which names the member. `op` is who asks.
 */
export async function unzip(op: string, bytes: Uint8Array, maxBytes: number): Promise<Map<string, Uint8Array>> {
  const entries = zipEntries(bytes);
  const total = entries.reduce((sum, { size }) => sum + size, 0);
  const view = viewOf(bytes);
  const begins = new Map<ZipEntry, number>();
  for (const entry of entries) begins.set(entry, beginOf(view, entry, entries[0]!.at));
  if (total > maxBytes) throw new LimitError(op, 'the number of bytes of all members', total, maxBytes);
  let reached = 0;
  for (const entry of [...entries].sort((a, b) => a.offset - b.offset)) {
    if (entry.offset < reached) fail(`"${entry.name}"`, 'shares bytes with another member', entry.at);
    reached = begins.get(entry)! + entry.packed;
  }
  const members = new Map<string, Uint8Array>();
  for (const entry of entries) {
    const { name, method, size, packed, crc, at } = entry;
    if (members.has(name)) fail(`"${name}"`, 'is there twice', at);
    const begin = begins.get(entry)!;
    const held = bytes.subarray(begin, begin + packed);
    const broken = (problem: string): FormatError => new FormatError(FORMAT, `"${name}"`, problem, begin);
    const content = method === STORED ? held : await inflate(op, 'deflate-raw', held, { maxBytes: size, fail: broken });
    if (content.length !== size) throw broken(`holds ${content.length} bytes and is said to hold ${size}`);
    if (crc32(content) !== crc) throw broken('is not what its checksum says');
    members.set(name, content);
  }
  return members;
}

/** Where the bytes of a member begin, before the directory. Throws for one that is not to be read. */
function beginOf(
  view: DataView,
  { name, flags, method, packed, size, offset, at }: ZipEntry,
  directory: number,
): number {
  const field = `"${name.slice(0, 60)}"`;
  checkMemberName(name, (wanted) => fail(field, `must have ${wanted}`, at));
  if ((flags & ENCRYPTED) !== 0) fail(field, 'is encrypted', at);
  if (method !== STORED && method !== DEFLATED)
    fail(field, `is packed by method ${method}, this reader knows 0 and 8`, at);
  if (Math.max(packed, size, offset) === ELSEWHERE) fail(field, 'is of zip64, for more than 4 GiB', at);
  const isHonest = method === STORED ? size === packed : size <= packed * MAX_GROWTH;
  if (!isHonest) fail(field, `cannot be ${size} bytes out of ${packed}`, at);
  if (offset + MEMBER_BYTES > directory || view.getUint32(offset, true) !== MEMBER)
    fail(field, 'does not lie where it is said to', at);
  const nameBytes = view.getUint16(offset + 26, true);
  const begin = offset + MEMBER_BYTES + nameBytes + view.getUint16(offset + 28, true);
  if (begin + packed > directory) fail(field, `of ${packed} bytes at ${begin} is cut off`, at);
  const own = new Uint8Array(view.buffer, view.byteOffset + offset + MEMBER_BYTES, nameBytes);
  const isSame = view.getUint16(offset + 8, true) === method && nameIn(own, field, offset) === name;
  if (!isSame) fail(field, 'is called otherwise, or packed otherwise, where it lies', offset);
  return begin;
}

/** A zip file of members that are stored as they are. The same members in the same order give the same bytes. */
export function zipped(
  op: string,
  members: readonly (readonly [name: string, content: Uint8Array])[],
): Uint8Array<ArrayBuffer> {
  const files = members.map(([name, content]) => ({
    name: new TextEncoder().encode(name),
    content,
    crc: crc32(content),
  }));
  if (files.length > MAX_COMMENT)
    throw new ValueError(op, 'the number of arrays', `at most ${MAX_COMMENT}`, files.length);
  const start = files.reduce((sum, { name, content }) => sum + MEMBER_BYTES + name.length + content.length, 0);
  const length = files.reduce((sum, { name }) => sum + ENTRY_BYTES + name.length, 0);
  const total = start + length + END_BYTES;
  if (total >= ELSEWHERE) throw new LimitError(op, 'the number of bytes of the file', total, ELSEWHERE - 1);
  const out = new Uint8Array(total);
  const view = viewOf(out);
  let at = 0;
  let line = start;
  for (const { name, content, crc } of files) {
    /** What a member's header and its line in the directory have in common, from the version on. */
    const put = (to: number): void => {
      view.setUint16(to, 20, true);
      view.setUint16(to + 2, UTF8, true);
      view.setUint16(to + 8, 0x21, true); // the first day that a zip file knows, 1 January 1980
      view.setUint32(to + 10, crc, true);
      view.setUint32(to + 14, content.length, true);
      view.setUint32(to + 18, content.length, true);
      view.setUint16(to + 22, name.length, true);
    };
    view.setUint32(at, MEMBER, true);
    put(at + 4);
    out.set(name, at + MEMBER_BYTES);
    out.set(content, at + MEMBER_BYTES + name.length);
    view.setUint32(line, ENTRY, true);
    view.setUint16(line + 4, 20, true);
    put(line + 6);
    view.setUint32(line + 42, at, true);
    out.set(name, line + ENTRY_BYTES);
    at += MEMBER_BYTES + name.length + content.length;
    line += ENTRY_BYTES + name.length;
  }
  view.setUint32(line, END, true);
  view.setUint16(line + 8, files.length, true);
  view.setUint16(line + 10, files.length, true);
  view.setUint32(line + 12, length, true);
  view.setUint32(line + 16, start, true);
  return out;
}
