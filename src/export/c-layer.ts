import type { Product } from './product.ts';
import type { Storage } from './storage.ts';

/** A product as C has it: arrays, and the fields of a structure that a routine reads. */
export interface Layer {
  /** As C takes it. */
  readonly name: string;
  readonly product: Product;
  readonly units: number;
  readonly terms: number;
  /** Of the numbers of the kernel. */
  readonly type: string;
  /** What they are: levels of integer products, or what real numbers are made of. */
  readonly as: 'integers' | 'float32' | 'levels' | 'float16' | 'bfloat16';
  readonly storage: Storage;
}
