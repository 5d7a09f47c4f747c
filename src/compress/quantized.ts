import type { Stored } from '../graph/encoding.ts';
import type { Graph } from '../graph/graph.ts';
import { Network } from '../graph/network.ts';
import type { Outputs } from '../nn/outputs.ts';

/**
 * A quantized network, with what was found on the calibration samples. It equals, and files hold, the network alone.
 *
 * @example
 * const { notes } = quantize(model, { calibration: mul(x, tensor([1, 1, 1, 1e-4])) });
 * notes; // [ 'the features of "input" differ in size, up to 11000 times: "input/scaled" makes them alike, in real numbers' ]
 */
export class QuantizedNetwork extends Network {
  readonly #found: readonly string[];
  readonly #notes: readonly string[];
  readonly #meaning: readonly Outputs[] | undefined;

  /** What was found when it was made, and where its answers are not those of the real network. */
  constructor(
    graph: Graph<Stored>,
    found: readonly string[],
    meaning?: readonly Outputs[],
    disagreements: readonly string[] = [],
  ) {
    super(graph);
    this.#found = found;
    this.#meaning = meaning;
    this.#notes = disagreements.length === 0 ? found : [...found, ...disagreements];
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

  /** Those of its notes that stay true when its weights change. */
  get found(): readonly string[] {
    return this.#found;
  }
}
