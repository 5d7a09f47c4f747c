import type { BytesCode, PlacesCode } from './code.ts';
import { huffmanBytes, huffmanPlaces } from './huffman-codes.ts';
import { rangeBytes, rangePlaces } from './range-codes.ts';

/** Codes of the places and bytes of weights, by name. Each is exact: what is decoded is what was encoded. */
export const CODES: Record<'huffman' | 'range', { readonly places: PlacesCode; readonly bytes: BytesCode }> = {
  huffman: { places: huffmanPlaces, bytes: huffmanBytes },
  range: { places: rangePlaces, bytes: rangeBytes },
};
