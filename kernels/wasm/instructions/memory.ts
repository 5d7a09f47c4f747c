import { type Code, instruction, type Value } from '../code.ts';

/** Instructions on memory in bulk. */

/** Copies `count` bytes; the two areas may overlap. */
export const copy = (to: Value, from: Value, count: Value): Code => instruction(0xfc, [to, from, count], 0x0a, 0, 0);

/** Sets `count` bytes. */
export const fill = (to: Value, byte: Value, count: Value): Code => instruction(0xfc, [to, byte, count], 0x0b, 0);
