import { FormatError } from '../base/errors.ts';
import { decodeCell } from './scan.ts';

const LF = 0x0a;
const CR = 0x0d;

/** The line, from 1, on which byte `at` stands: CR, LF or both end one. */
export const lineOf = (bytes: Uint8Array, at: number): number => countLines(bytes.subarray(0, at)) + 1;

function countLines(bytes: Uint8Array): number {
  let ends = 0;
  for (let i = 0; i < bytes.length; i++) {
    const code = bytes[i]!;
    if (code <= CR && (code === LF || (code === CR && bytes[i + 1] !== LF))) ends++;
  }
  return ends;
}

/** What `windows-1252` has at 0x80 to 0x9f (WHATWG Encoding Standard, index windows-1252). */
const HIGH =
  '\u20ac\x81\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\x8d\u017d\x8f' +
  '\x90\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\x9d\u017e\u0178';

/** From windows-1252, a byte a character, to UTF-8. Engines know the encoding, but not all of them rightly. */
export function toUTF8(bytes: Uint8Array): Uint8Array {
  const encoder = new TextEncoder();
  const utf8 = Array.from({ length: 128 }, (_, i) => encoder.encode(HIGH[i] ?? String.fromCharCode(128 + i)));
  let length = 0;
  for (const byte of bytes) length += byte < 128 ? 1 : utf8[byte - 128]!.length;
  const out = new Uint8Array(length);
  let at = 0;
  for (const byte of bytes) {
    if (byte < 128) out[at++] = byte;
    else {
      out.set(utf8[byte - 128]!, at);
      at += utf8[byte - 128]!.length;
    }
  }
  return out;
}

/** At most so many bytes become a string at once. */
const PIECE = 1 << 20;

/** How many lines a text has. Throws FormatError for what is no text in UTF-8. */
export function measureText(bytes: Uint8Array): number {
  let lines = 1;
  let seen = 0;
  for (let i = 0; i < bytes.length; i++) {
    const code = bytes[i]!;
    seen |= code;
    if (code > CR) continue;
    if (code === LF || (code === CR && bytes[i + 1] !== LF)) lines++;
    else if (code === 0) {
      const problem = 'has a byte of 0: this is no text, or text in UTF-16 or UTF-32, which must be saved as UTF-8';
      throw new FormatError('csv', `line ${lines}`, problem);
    }
  }
  if (seen >= 128) for (let at = 0; at < bytes.length; ) at = checkUTF8(bytes, at);
  return lines;
}

/** Decodes a piece that ends between two characters; returns where. */
function checkUTF8(bytes: Uint8Array, from: number): number {
  let to = Math.min(from + PIECE, bytes.length);
  // A byte 10xxxxxx goes on with a character.
  while (to < bytes.length && to > from + 1 && (bytes[to]! & 0xc0) === 0x80) to--;
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(from, to));
    return to;
  } catch {
    // What cannot be decoded becomes U+FFFD, and everything before comes out as it went in.
    const before = decodeCell(bytes, from, to).split('\ufffd', 1)[0]!;
    const line = lineOf(bytes, from + new TextEncoder().encode(before).length);
    const problem = `is not UTF-8. Programs of Windows and old Excel write windows-1252 (encoding: 'windows-1252')`;
    throw new FormatError('csv', `line ${line}`, problem);
  }
}
