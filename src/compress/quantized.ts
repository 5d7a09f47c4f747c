import type { Stored } from '../graph/encoding.ts';
import type { Graph } from '../graph/graph.ts';
import { Network } from '../graph/network.ts';
import type { Outputs } from '../nn/outputs.ts';

/** A network in int8, with what `quantize` found on the calibration samples. It equals, and files hold, the network alone. */
export class QuantizedNetwork extends Network {
  readonly #notes: readonly string[];
  readonly #meaning: readonly Outputs[] | undefined;

  constructor(graph: Graph<Stored>, notes: readonly string[], meaning?: readonly Outputs[]) {
    super(graph);
    this.#notes = notes;
    this.#meaning = meaning;
  }

  /** How the outputs are meant, if it was quantized from a compiled model: `measure` asks. */
  get meaning(): readonly Outputs[] | undefined {
    return this.#meaning;
  }

  /**
   * In sentences, none if all is well: numbers that are cut off, features that were scaled or are too small, outputs that
   * became constant, and how far the integers are from the real numbers if that is more than eight bits explain.
   */
  get notes(): readonly string[] {
    return this.#notes;
  }
}
