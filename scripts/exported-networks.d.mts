import type { Graph, Model, Sequential, Stored } from '../src/index.ts';

export const SAMPLES: number;
export const ARTICLE: readonly number[];
export const SENSOR: readonly number[];

export interface ExportedNetwork {
  /** A name of files, an identifier of C and of JavaScript. */
  readonly name: string;
  /** Whether machines of 8 bits are asked too. */
  readonly isSmall?: boolean;
  make(): Graph<Stored>;
}
export function networksBy(library: typeof import('../src/index.ts')): {
  readonly networks: readonly ExportedNetwork[];
  /** Dense layers with biases other than 0. */
  perceptron(widths: readonly number[]): Sequential;
  inInt8(model: Model, rule?: 'float32' | 'multiplier'): Graph<Stored>;
  /** Of the weights 80 % zeros, and 16 numbers in each kernel. */
  shared(model: Sequential): Sequential;
};
