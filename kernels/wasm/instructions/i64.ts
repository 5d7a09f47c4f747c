import { type Binary, type Load, loading, operation, type Store, storing, type Unary } from '../code.ts';

/** Instructions on integers of 64 bits, by the names and opcodes of the core specification 2.0, chapter 5.4. */

export const load: Load = loading(0x29);
export const store: Store = storing(0x37);
export const ltS: Binary = operation(0x53);
export const or: Binary = operation(0x84);
export const shl: Binary = operation(0x86);
export const extendI32U: Unary = operation(0xad);
