import { checkBytes, FormatError, LimitError, messageOf, StateError, ValueError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';

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

/** Bytes fed at a time: deflate grows at most 1,032 times, so a runtime that inflates a piece at once makes 16 MiB. */
const PIECE = 16 * 1024;

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
  if (typeof DecompressionStream === 'undefined')
    throw new StateError('gunzip', 'this runtime has no DecompressionStream');

  const { readable, writable } = new DecompressionStream('gzip');
  const writer = writable.getWriter();
  // Pieces are copies, because a stream refuses shared memory.
  const feed = async (): Promise<void> => {
    for (let at = 0; at < bytes.length; at += PIECE) await writer.write(bytes.slice(at, at + PIECE));
    await writer.close();
  };
  // Whatever stops the writer stops the reader too, which reports it.
  feed().catch(() => undefined);

  const reader = readable.getReader();
  const chunks: Uint8Array[] = [];
  let total = 0;
  for (;;) {
    const { done, value } = await reader.read().catch((error: unknown) => {
      const reason = messageOf(error);
      throw new FormatError('gzip', 'stream', `is corrupt or truncated (${reason})`);
    });
    if (done || value === undefined) break;
    total += value.length;
    if (total > maxBytes) {
      await reader.cancel().catch(() => undefined);
      throw new LimitError('gunzip', 'the number of bytes unpacked so far', total, maxBytes);
    }
    chunks.push(value);
  }

  const out = new Uint8Array(total);
  let at = 0;
  for (const chunk of chunks) {
    out.set(chunk, at);
    at += chunk.length;
  }
  // Node passes zeros and further members after the first, browsers refuse them. The member ends with the checksum and
  // the length of what it holds, so a file that ends otherwise has something after it.
  const trailer = new DataView(bytes.buffer, bytes.byteOffset + bytes.length - 8, 8);
  if (trailer.getUint32(0, true) !== crc32(out) || trailer.getUint32(4, true) !== total >>> 0) {
    throw new FormatError(
      'gzip',
      'trailer',
      'the last 8 bytes are not the checksum and length: something follows the data',
    );
  }
  return out;
}

/** The CRC of gzip, zip and PNG (polynomial 0xedb88320, reflected), a byte at a time. */
function crc32(bytes: Uint8Array): number {
  let crc = ~0;
  for (let i = 0; i < bytes.length; i++) crc = (crc >>> 8) ^ CRC_TABLE[(crc ^ bytes[i]!) & 255]!;
  return ~crc >>> 0;
}

const CRC_TABLE: Uint32Array = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc;
});
