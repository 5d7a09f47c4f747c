import { checkBytes, FormatError, ValueError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import { crc32, inflate } from './inflate.ts';

/**
 * Whether `bytes` begin as a gzip file does.
 *
 * @example
 * const bytes = isGzip(packed) ? await gunzip(packed) : packed;
 * readCSV(bytes).names; // [ 'price', 'rooms', 'quality' ]
 */
export function isGzip(bytes: Uint8Array): boolean {
  checkBytes('isGzip', 'the file', bytes);
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/**
 * Unpacks a gzip file of one member (RFC 1952) with the runtime's DecompressionStream, stopping at the limit.
 * Throws LimitError when more than `maxBytes` (default 256 MiB) come out, and FormatError for a corrupt or truncated
 * file and for anything after the member.
 *
 * @example
 * new TextDecoder().decode(await gunzip(packed)).slice(0, 19); // price,rooms,quality
 * await gunzip(packed, { maxBytes: 100 }); // throws LimitError
 */
export async function gunzip(bytes: Uint8Array, options: { maxBytes?: number } = {}): Promise<Uint8Array<ArrayBuffer>> {
  checkOptions('gunzip', options, 'maxBytes');
  checkBytes('gunzip', 'the file', bytes);
  const { maxBytes = 256 * 1024 * 1024 } = options;
  if (!Number.isSafeInteger(maxBytes) || maxBytes < 0) {
    throw new ValueError('gunzip', 'maxBytes', 'a non-negative integer', maxBytes);
  }
  if (!isGzip(bytes)) throw new FormatError('gzip', 'magic', 'does not begin with the bytes 1f 8b', 0);
  if (bytes.length < 20) throw new FormatError('gzip', 'file', `${bytes.length} bytes are too few for a gzip file`);
  const out = await inflate('gunzip', 'gzip', bytes, { maxBytes, fail: broken });
  // Node passes zeros and further members after the first, browsers refuse them. The member ends with the checksum and
  // the length of what it holds, so a file that ends otherwise has something after it.
  const trailer = new DataView(bytes.buffer, bytes.byteOffset + bytes.length - 8, 8);
  if (trailer.getUint32(0, true) !== crc32(out) || trailer.getUint32(4, true) !== out.length >>> 0) {
    throw new FormatError(
      'gzip',
      'trailer',
      'the last 8 bytes are not the checksum and length: something follows the data',
    );
  }
  return out;
}

const broken = (problem: string): FormatError => new FormatError('gzip', 'stream', problem);
