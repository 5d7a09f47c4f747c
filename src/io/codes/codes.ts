import type { BytesCode, CodeName, PlacesCode } from './code.ts';
import { DECODERS } from './decoders.ts';
import { encodeHuffmanBytes, encodeHuffmanPlaces } from './huffman-codes.ts';
import { encodeRangeBytes } from './range-bytes.ts';
import { encodeRangePlaces } from './range-places.ts';

/**
 * Codes of the places and bytes of weights. What is decoded is what was encoded, to the bit, and bytes that no encoder wrote are
 * said to be wrong or stand for something else: a decoder neither throws nor takes longer than what they stand for is long.
 */
export const CODES: Record<CodeName, { readonly places: PlacesCode; readonly bytes: BytesCode }> = {
  huffman: {
    places: { encode: encodeHuffmanPlaces, decode: DECODERS.huffman.places },
    bytes: { encode: encodeHuffmanBytes, decode: DECODERS.huffman.bytes },
  },
  range: {
    places: { encode: encodeRangePlaces, decode: DECODERS.range.places },
    bytes: { encode: encodeRangeBytes, decode: DECODERS.range.bytes },
  },
};
