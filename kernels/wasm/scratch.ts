import { LimitError } from '../errors.ts';
import type { Engine } from './engine.ts';

const LEAST_SCRATCH = 65536;

/**
 * Scratch memory of any size: blocks of powers of two, which stay, for calls that were linked know their addresses. 0 where
 * there is no room. To be asked for before arguments are staged.
 */
export function growingScratch({ heap }: Engine): (bytes: number) => number {
  const blocks: { readonly bytes: number; readonly at: number }[] = [];
  return (bytes) => {
    const known = blocks.find((block) => block.bytes >= bytes);
    if (known !== undefined) return known.at;
    let size = LEAST_SCRATCH;
    while (size < bytes) size *= 2;
    try {
      const at = heap.allocateBytes(size);
      blocks.push({ bytes: size, at });
      return at;
    } catch (error) {
      if (error instanceof LimitError) return 0;
      throw error;
    }
  };
}
