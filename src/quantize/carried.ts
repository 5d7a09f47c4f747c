import { epilogueOf } from '../graph/activation.ts';
import type { Stored } from '../graph/encoding.ts';
import { type Format, leavesAll } from '../graph/fact.ts';
import { factsOf, hasKernel, multipliesIntegers } from '../graph/facts.ts';
import { activationIn, type Graph, type Node, type QuantizationParams } from '../graph/graph.ts';
import { readersOf } from '../graph/rewrite.ts';

/** Any two formats, to ask the facts with. */
const SOME: QuantizationParams = { scale: 1 / 64, zeroPoint: -128 };
const OTHER: QuantizationParams = { scale: 1 / 128, zeroPoint: -128 };

/** Whether a node reads whole numbers that name the rows of a table. */
export const looksUp = (node: Node): boolean => factsOf(node).table !== undefined;

/** Whether a node is an activation by itself. */
const isActivation = (node: Node): boolean => activationIn(node) !== null && !hasKernel(node);

/** Whether a node does nothing but cut off what its format has no integers for. */
export const isCut = (node: Node): boolean =>
  isActivation(node) && activationIn(node)!.name === epilogueOf(activationIn(node)!);

/** Whether a node has weights that are real numbers in any form of it: a normalization of int8 computes with real numbers. */
const isRealInside = (node: Node): boolean =>
  Object.keys(factsOf(node).weights ?? {}).length > 0 && !multipliesIntegers(node) && !looksUp(node);

/**
 * Whether these formats suit a node as `quantize` makes it. Between real numbers an activation by itself is int8 only where it
 * changes nothing; in whole numbers throughout whatever has an int8 form is.
 */
export function suits(node: Node, inputs: readonly Format[], own: Format, isWhole = false): boolean {
  if (factsOf(node).formats(inputs, own, node.attrs) !== null) return false;
  if (isWhole) return true;
  return !isRealInside(node) && (!isActivation(node) || leavesAll(activationIn(node)!, inputs[0]!, own));
}

/** Whether a node may read int8 and give int8; one that looks numbers up gives it. */
export const mayCarry = (node: Node, isWhole = false): boolean =>
  suits(
    node,
    node.inputs.map(() => (looksUp(node) ? null : SOME)),
    SOME,
    isWhole,
  );

/** Whether what a node gives has the format of what it reads. */
export const keepsFormat = (node: Node): boolean =>
  !looksUp(node) && (isCut(node) || factsOf(node).formats([SOME], OTHER, node.attrs) !== null);

/**
 * Which nodes of a network work with int8: products, and what moves, adds or pools values that only such nodes read. An
 * activation by itself does where it alone reads a value in a format of its own: in that of the activation, which has no
 * integers for what is cut off, it changes nothing any more. In whole numbers every operation does that has an int8 form.
 */
export class Carried {
  private readonly isWhole: boolean;
  private readonly reading = new Set<Node>();
  private readonly giving = new Set<Node>();

  /** `real` are nodes that stay so. */
  constructor(graph: Graph<Stored>, real: ReadonlySet<string>, isWhole = false) {
    this.isWhole = isWhole;
    const readers = readersOf(graph);
    const makers = new Map(graph.nodes.map((node) => [node.name, node]));
    const isFree = (node: Node | undefined): boolean =>
      node !== undefined && !real.has(node.name) && mayCarry(node) && !keepsFormat(node);
    const isAlone = (name: string): boolean => readers.get(name)!.length === 1 && !graph.outputs.includes(name);
    const mayCut = ([read]: readonly string[]): boolean => isWhole || (isFree(makers.get(read!)) && isAlone(read!));
    for (const node of [...graph.nodes].reverse()) {
      if (real.has(node.name)) continue;
      const own = readers.get(node.name) ?? [];
      const isWanted = own.length > 0 && own.every((reader) => this.reading.has(reader));
      const gives =
        isWanted &&
        !graph.outputs.includes(node.name) &&
        mayCarry(node, isWhole) &&
        (!isCut(node) || mayCut(node.inputs));
      if (gives) this.giving.add(node);
      if (!looksUp(node) && (gives || multipliesIntegers(node))) this.reading.add(node);
    }
  }

  /** Whether the node reads int8. */
  reads(node: Node): boolean {
    return this.reading.has(node);
  }

  /** Whether it gives int8. */
  gives(node: Node): boolean {
    return this.giving.has(node);
  }

  /** Whether the formats that were found suit a node that gives int8. */
  suits(node: Node, formatOf: (name: string) => QuantizationParams): boolean {
    const inputs = node.inputs.map((name) => (looksUp(node) ? null : formatOf(name)));
    return suits(node, inputs, formatOf(node.name), this.isWhole);
  }
}
