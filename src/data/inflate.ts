import { LimitError, messageOf, StateError } from '../base/errors.ts';

/** What gzip and zip have in common: deflated bytes (RFC 1951), and their checksum. */

/** Bytes fed at a time: deflate grows at most 1,032 times, so a runtime that inflates a piece at once makes 16 MiB. */
const PIECE = 16 * 1024;

/**
 * What the runtime's DecompressionStream makes of these bytes. Throws LimitError as soon as more than `maxBytes` come out,
 * what `fail` makes of bytes that are corrupt or end early, and StateError where there is no such stream. `op` is who asks.
 */
export async function inflate(
  op: string,
  kind: 'gzip' | 'deflate-raw',
  bytes: Uint8Array,
  { maxBytes, fail }: { readonly maxBytes: number; readonly fail: (problem: string) => Error },
): Promise<Uint8Array<ArrayBuffer>> {
  if (typeof DecompressionStream === 'undefined') throw new StateError(op, 'this runtime has no DecompressionStream');
  const { readable, writable } = new DecompressionStream(kind);
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
      throw fail(`is corrupt or truncated (${messageOf(error)})`);
    });
    if (done || value === undefined) break;
    total += value.length;
    if (total > maxBytes) {
      await reader.cancel().catch(() => undefined);
      throw new LimitError(op, 'the number of bytes unpacked so far', total, maxBytes);
    }
    chunks.push(value);
  }

  const out = new Uint8Array(total);
  let at = 0;
  for (const chunk of chunks) {
    out.set(chunk, at);
    at += chunk.length;
  }
  return out;
}

/** The CRC of gzip, zip and PNG (polynomial 0xedb88320, reflected), a byte at a time. */
export function crc32(bytes: Uint8Array): number {
  let crc = ~0;
  for (let i = 0; i < bytes.length; i++) crc = (crc >>> 8) ^ CRC_TABLE[(crc ^ bytes[i]!) & 255]!;
  return ~crc >>> 0;
}

const CRC_TABLE: Uint32Array = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc;
});
