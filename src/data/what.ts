import { FormatError } from '../base/errors.ts';

/** The first bytes of formats that are taken for others, and what to do about it. */
const BEGINS: readonly (readonly [bytes: string, what: string])[] = [
  ['\x1f\x8b', 'packed with gzip: unpack it with gunzip() first'],
  ['PK\x03\x04', 'a zip archive, as .xlsx files are: unpack it, or save the sheet as CSV'],
  ['\xd0\xcf\x11\xe0', 'an old Excel workbook (.xls): save the sheet as CSV'],
  ['\x89HDF\r\n\x1a\n', 'an HDF5 file: export the table as CSV'],
  ['\x93NUMPY', 'a NumPy array (.npy): export it with numpy.savetxt'],
  ['SQLite format 3\0', 'an SQLite database: export the table as CSV'],
  ['\x80\x04\x95', 'a Python pickle: export the table as CSV'],
  ['%PDF-', 'a PDF document'],
  ['\x89PNG', 'a PNG image'],
  ['\xff\xd8\xff', 'a JPEG image'],
  ['\xfd7zXZ', 'packed with xz: unpack it first'],
  ['\x28\xb5\x2f\xfd', 'packed with Zstandard: unpack it first'],
  ['\xff\xfe\0\0', 'text in UTF-32: save it as UTF-8'],
  ['\0\0\xfe\xff', 'text in UTF-32: save it as UTF-8'],
  ['\xff\xfe', 'text in UTF-16: save it as UTF-8'],
  ['\xfe\xff', 'text in UTF-16: save it as UTF-8'],
  ['version https://git-lfs.github.com/spec/', 'a Git LFS pointer in place of the file: run git lfs pull'],
];

/** The same for formats that begin with letters, as names of columns do: a byte that is in no text must follow. */
const BEGINS_BINARY: typeof BEGINS = [
  ['PAR1', 'a Parquet file: export the table as CSV'],
  ['RDX', 'an R data file: export the table with write.csv'],
  ['BZh', 'packed with bzip2: unpack it first'],
];

/** Tags that pages begin with; a header of such names would go on with a delimiter. */
const HTML =
  /^(?:<!--[\s\S]*?-->\s*)*<(?:!doctype html|(?:html|head|body|title|meta|script|div|h1)(?:\s[^>]*)?>(?!\s*[,;|]))/i;

/** What servers answer in place of a file. */
const ANSWER =
  /^(?:[45]\d\d:? [A-Z][\w ]*|(?:[\w ]+ )?not found|access denied|forbidden|unauthorized|bad gateway)[.!]?\s*$/i;

/** The same for texts, blanks before them left out. */
const SHAPES: readonly (readonly [pattern: RegExp, what: string])[] = [
  [HTML, 'an HTML page, not the file itself: download the raw file'],
  [/^<\?xml/i, 'XML: export the table as CSV'],
  [/^(?:\{\s*["}]|\[\s*(?:[[{]|["\d-][^\]]*\]\s*$))/, 'JSON: parse it, and write the records as CSV'],
  [/^(?:%[^\n]*\n\s*)*@relation\b/i, 'an ARFF file: leave out the lines up to @data, and read on with header: false'],
  [ANSWER, "a web server's answer in place of the file: look at the address"],
];

/** Two zero bytes, the code of an element type, and a number of axes; see `parseIDX`. */
const startsAsIDX = (bytes: Uint8Array): boolean =>
  bytes[0] === 0 && bytes[1] === 0 && bytes[2]! >= 0x08 && bytes[2]! <= 0x0e && bytes[3]! >= 1 && bytes[3]! <= 8;

/** What a file is by its first bytes, with a remedy; undefined when nothing speaks against a table of text. */
export function whatIs(bytes: Uint8Array): string | undefined {
  const head = String.fromCharCode(...bytes.subarray(0, 400));
  for (const [begin, what] of BEGINS) if (head.startsWith(begin)) return what;
  const isBinary = bytes.subarray(0, 400).some((byte) => byte < 0x09);
  for (const [begin, what] of BEGINS_BINARY) if (isBinary && head.startsWith(begin)) return what;
  if (startsAsIDX(bytes)) return 'an IDX file: read it with parseIDX()';
  if (head.startsWith('\0\0{"', 6)) return 'a safetensors file: read it with decodeSafetensors()';
  const text = head.replace(/^\xef\xbb\xbf/, '').trimStart();
  return SHAPES.find(([pattern]) => pattern.test(text))?.[1];
}

/** Throws FormatError, in the name of the format that was expected, for a file that is something else. */
export function refuseOthers(format: string, bytes: Uint8Array): void {
  const what = whatIs(bytes);
  if (what !== undefined) throw new FormatError(format, 'file', `is ${what}`);
}
