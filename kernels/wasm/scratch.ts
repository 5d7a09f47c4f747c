import { LimitError } from '../errors.ts';
import type { Engine } from './engine.ts';

const LEAST_SCRATCH = 65536;

type Scratch = (bytes: number) => number;
const known = new WeakMap<Engine, Scratch>();

/**
 * Scratch memory of any size, one for all kernels of an engine: blocks of powers of two, which stay, for calls that were
 * linked know their addresses. 0 where there is no room. To be asked for before arguments are staged.
 */
export function growingScratch(engine: Engine): Scratch {
  const shared = known.get(engine) ?? newScratch(engine);
  known.set(engine, shared);
  return shared;
}

function newScratch({ heap }: Engine): Scratch {
  const blocks: { readonly bytes: number; readonly at: number }[] = [];
  return (bytes) => {
    const block = blocks.find((each) => each.bytes >= bytes);
    if (block !== undefined) return block.at;
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
