import type { ActivationName } from '../graph/activation.ts';
import { decodeWeight } from '../graph/decode.ts';
import type { Stored } from '../graph/encoding.ts';
import { activationIn, type Graph, type Node } from '../graph/graph.ts';
import { activationBefore, makerOf } from '../graph/rewrite.ts';
import { Parameter } from './parameter.ts';

/** Nodes that give on what they read, in another form. */
const FORMS: ReadonlySet<string> = new Set(['quantize', 'dequantize', 'fakeQuantize']);

function makerBehindForms(graph: Graph<unknown>, value: string): Node | null {
  let maker = makerOf(graph, value, false);
  while (maker !== null && FORMS.has(maker.op)) maker = makerOf(graph, maker.inputs[0]!, false);
  return maker;
}

/** How far a share of the mean may be off that was rounded, as part of it. */
const ROUNDED = 0.01;

/** Whether a kernel [width, width] multiplies by this share and does no more. */
function isShare(weight: unknown, share: number): boolean {
  const kernel = weight instanceof Parameter ? weight.value : (weight as Stored);
  const [width, units] = kernel.shape;
  const numbers = kernel instanceof Object && 'encoding' in kernel ? decodeWeight(kernel) : kernel.data;
  if (width !== units || numbers === null) return false;
  return numbers.every((x, i) => (i % (width! + 1) === 0 ? Math.abs(x / share - 1) < ROUNDED : x === 0));
}

/**
 * The values that a value is the mean of, in the form that `ensembleNetwork` gives it: their sum, and a product with a diagonal
 * matrix. In other forms of that network, as its file or in int8, they are found too. Null for any other value.
 */
export function averagedIn(graph: Graph<unknown>, value: string): readonly string[] | null {
  const scale = makerBehindForms(graph, value);
  if (scale?.op !== 'dense' || activationIn(scale)?.name !== 'linear' || scale.weights.bias !== undefined) return null;
  const sum = makerBehindForms(graph, scale.inputs[0]!);
  if (sum?.op !== 'add' || !isShare(graph.weights.get(scale.weights.kernel!), 1 / sum.inputs.length)) return null;
  return sum.inputs.map((name) => makerBehindForms(graph, name)?.name ?? name);
}

/** Of the mean of probabilities that come out of one activation this; else null. Such a mean has no logits. */
export function averagedChances(graph: Graph<unknown>, value: string): ActivationName | null {
  const names = (averagedIn(graph, value) ?? []).map((name) => activationBefore(graph, name, false).name);
  const [first] = names;
  const areChances = first === 'softmax' || first === 'sigmoid';
  return areChances && names.every((name) => name === first) ? first : null;
}

/** The activation by which an output is to be read: the one that it comes out of, or those that it is the mean of. */
export const readingOf = (graph: Graph<unknown>, value: string): ActivationName =>
  averagedChances(graph, value) ?? activationBefore(graph, value, false).name;
