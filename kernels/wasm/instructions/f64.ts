import {
  type Binary,
  type Code,
  constantOf,
  type Load,
  loading,
  operation,
  type Store,
  storing,
  type Unary,
} from '../code.ts';

/** Instructions on floats of 64 bits, by the names and opcodes of the core specification 2.0, appendix A.7. */

export const load: Load = loading(0x2b);
export const store: Store = storing(0x39);
export const add: Binary = operation(0xa0);
export const div: Binary = operation(0xa3);
export const convertI32S: Unary = operation(0xb7);

export const constant = (value: number): Code => constantOf(0x44, Float64Array.of(value));
