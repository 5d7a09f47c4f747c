import type { Value } from '../graph/check.ts';
import type { Port } from './imported.ts';

/** The port of a real value whose axes are in the file as they are in a network. */
export const plainPort = (value: string, name: string, { shape, dtype }: Value): Port => ({
  value,
  name,
  shape: [null, ...shape],
  axes: [0, ...shape.map((_, axis) => axis + 1)],
  dtype,
  format: null,
});
