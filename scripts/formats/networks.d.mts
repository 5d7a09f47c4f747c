import type { Graph, Model, Network, Stored } from '../../src/index.ts';

type Named = readonly [name: string, network: Network];

/** Operations that networks are drawn of, by name. */
export const DRAWN: readonly string[];

/** The networks, made by a copy of the library; `valuesOf` gives what its values are, in order. */
export function formatNetworksBy(
  library: typeof import('../../src/index.ts') & {
    readonly valuesOf: (network: Graph<Stored>) => readonly { readonly shape: readonly number[] }[];
  },
): {
  /** Each operation by itself with so many seeds, each activation, and so many chains of drawn operations. */
  operations(seeds?: number, chains?: number): Generator<Named>;
  /** Values given twice, inputs as outputs, shared weights. */
  odd(): Generator<Named>;
  /** Models as they are, and with weights in fewer bits. */
  models(): Generator<Named>;
  /** One operation between int8 and int8. */
  integers(): Generator<Named>;
  /** Models in int8 of every kind. */
  integerModels(): Generator<Named>;
  /** Models with dynamic products, and what they are in real numbers. */
  dynamicModels(): Generator<readonly [name: string, network: Network, reals: Network]>;
  single(op: string, seed: number): Network | null;
  drawn(seed: number, length?: number): Network;
  readonly MODELS: Readonly<Record<string, () => Model>>;
  /** A model in int8, by numbers that say nothing. */
  calibrated(model: Model, options?: object): Network;
  toLastInteger(network: Graph<Stored>): Network;
};
