import type { BytesCode, CodeName, PlacesCode } from './code.ts';
import { decodeHuffmanBytes, decodeHuffmanPlaces } from './huffman-codes.ts';
import { decodeRangeBytes } from './range-bytes.ts';
import { decodeRangePlaces } from './range-places.ts';

/** The half of `CODES` that a program needs which reads files and writes none. */
export const DECODERS: Record<
  CodeName,
  { readonly places: PlacesCode['decode']; readonly bytes: BytesCode['decode'] }
> = {
  huffman: { places: decodeHuffmanPlaces, bytes: decodeHuffmanBytes },
  range: { places: decodeRangePlaces, bytes: decodeRangeBytes },
};

export const CODE_NAMES: readonly CodeName[] = Object.keys(DECODERS) as CodeName[];

/** The tensor in which all weights of a file lie that are coded. */
export const tensorOf = (code: CodeName): string => `coded.${code}`;
