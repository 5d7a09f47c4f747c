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

/** Instructions on floats of 32 bits, by the names and opcodes of the core specification 2.0, appendix A.7. */

export const load: Load = loading(0x2a);
export const store: Store = storing(0x38);
export const eq: Binary = operation(0x5b);
export const ne: Binary = operation(0x5c);
export const lt: Binary = operation(0x5d);
export const gt: Binary = operation(0x5e);
export const demoteF64: Unary = operation(0xb6);

export const constant = (value: number): Code => constantOf(0x43, Float32Array.of(value));
