import type { Stored } from './encoding.ts';
import type { Graph, Input, Node } from './graph.ts';
import { printGraph } from './print.ts';

/**
 * A network as plain data: what a file holds, what a forward program runs, what compression measures. It knows no
 * gradients; `nn` and `compress` turn a model into one and back. As a string it is a table of its nodes.
 *
 * @example
 * const network = toNetwork(model);
 * const first = new Network({ ...network, outputs: [network.nodes[0]!.name] }); // the hidden layer, to look at
 * compileNetwork(first, 1, cpu).run(Float32Array.of(5, 5, 5, 5)).length; // 32
 */
export class Network implements Graph<Stored> {
  readonly inputs: readonly Input[];
  readonly nodes: readonly Node[];
  readonly outputs: readonly string[];
  readonly weights: ReadonlyMap<string, Stored>;

  /** Not checked here: `validateNetwork` does, and so does everything that runs or stores the network. */
  constructor({ inputs, nodes, outputs, weights }: Graph<Stored>) {
    this.inputs = inputs;
    this.nodes = nodes;
    this.outputs = outputs;
    this.weights = weights;
  }

  toString(): string {
    return printGraph(this);
  }
}
