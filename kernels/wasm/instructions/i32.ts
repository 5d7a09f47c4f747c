import { type Binary, type Load, loading, operation, type Store, storing, type Unary } from '../code.ts';

/** Instructions on integers of 32 bits, by the names and opcodes of the core specification 2.0, appendix A.7. */

export const load: Load = loading(0x28);
export const load8S: Load = loading(0x2c);
export const load8U: Load = loading(0x2d);
export const load16U: Load = loading(0x2f);
export const store: Store = storing(0x36);
/** The lowest bits. */
export const store8: Store = storing(0x3a);
export const store16: Store = storing(0x3b);
export const eqz: Unary = operation(0x45);
export const eq: Binary = operation(0x46);
export const ltS: Binary = operation(0x48);
export const ltU: Binary = operation(0x49);
export const gtS: Binary = operation(0x4a);
export const geS: Binary = operation(0x4e);
/** The number of zeros below the lowest bit that is set. */
export const ctz: Unary = operation(0x68);
export const add: Binary = operation(0x6a);
export const sub: Binary = operation(0x6b);
export const mul: Binary = operation(0x6c);
export const divU: Binary = operation(0x6e);
export const remU: Binary = operation(0x70);
export const and: Binary = operation(0x71);
export const or: Binary = operation(0x72);
export const xor: Binary = operation(0x73);
export const shl: Binary = operation(0x74);
export const shrU: Binary = operation(0x76);
