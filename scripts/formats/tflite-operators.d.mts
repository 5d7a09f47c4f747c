import type { Stored } from '../../src/graph/encoding.ts';
import type { Graph } from '../../src/graph/graph.ts';

export declare function random(seed: number): () => number;
export declare const operatorNetworks: Readonly<Record<string, Graph<Stored>>>;
