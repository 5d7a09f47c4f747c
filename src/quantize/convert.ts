import { checkOneOf, StateError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import { normsBehind } from '../compress/fold.ts';
import { outputsKnown } from '../compress/meanings.ts';
import { networkOf } from '../compress/passes.ts';
import { QuantizedNetwork } from '../compress/quantized.ts';
import { epilogueOf, LINEAR } from '../graph/activation.ts';
import type { Stored } from '../graph/encoding.ts';
import { integersOf, validateNetwork } from '../graph/encodings.ts';
import { hasKernel, isFake, isIdle, kernelBitsOf } from '../graph/facts.ts';
import { activationIn, type Graph, type Node, type QuantizationParams, weightsOf } from '../graph/graph.ts';
import { aloneIn, isMean, requantizedIn } from '../graph/requantized.ts';
import { Names, namesOf, nodeOf, withFusedActivations, without, withoutUnread } from '../graph/rewrite.ts';
import { fakeFormat, ofUnseen, unseenRange } from '../nn/fake.ts';
import type { Model } from '../nn/model.ts';
import { notesOfRule, type Rule, ruled } from './assemble.ts';
import { keepsFormat, mayCarry, suits } from './carried.ts';
import { inFloat32 } from './plain.ts';
import { type Formats, withWholeKernels } from './whole-kernels.ts';

export interface ConvertOptions {
  /** As in `quantize`: sums of more than two values keep the float32 rule, and a note names them. Default `float32`. */
  readonly rule?: Rule;
}

/**
 * The integer network of a model that `prepareQAT` made, with the formats and kernels that it was trained with: its numbers are
 * those of the model, to the bit, by the rule `float32` and where no BatchNorm lies between. A BatchNorm behind a product of
 * integers goes into scales and biases, its sign into the integers. What it gives may come out one integer off, and besides by
 * half of what 1 of the bias is: the scale of what is read times that of the kernel, which the BatchNorm has multiplied. Where
 * that is more than a step of the result, `notes` say so. Kernels of 2 to 4 bits are held as levels. Throws StateError for what
 * was not prepared, for ranges that have seen no numbers yet, neither of calibration nor of a fit, for ranges and scales that
 * training left not finite, and where layers that share a kernel read values of different formats.
 *
 * @example
 * const prepared = prepareQAT(model, { calibration: x });
 * prepared.fit(x, y, { epochs: 2 });
 * const apart = sub(predictNetwork(convert(prepared), xTest), prepared.predict(xTest));
 * max(abs(apart)); // 0.0
 */
export function convert(subject: Model | Graph<Stored>, options: ConvertOptions = {}): QuantizedNetwork {
  const op = 'convert';
  checkOptions(op, options, 'rule');
  const { rule = 'float32' } = options;
  checkOneOf(op, 'rule', rule, ['float32', 'multiplier']);
  const held = networkOf(op, subject);
  validateNetwork(held); // of a model too: its scales were trained
  const given = inFloat32(op, held);
  if (!given.nodes.some(isFake)) throw new StateError(op, 'the model is not prepared: take prepareQAT(model) first');
  const unseen = unseenRange(given.nodes, (key) => given.weights.get(key)!.encoding.values[0]!);
  if (unseen !== null) throw new StateError(op, ofUnseen(unseen));
  const graph = without(given, (node) => isIdle(node, false));
  const formats = formatsIn(graph);
  const whole = withFusedActivations(withWholeKernels(op, graph, formats));
  const network = inIntegers(whole, formats, rule);
  validateNetwork(network); // sums that int32 does not hold
  const left = new Set(namesOf(network));
  const folded = new Set([...normsBehind(graph)].flatMap(([node, norm]) => (left.has(norm.name) ? [] : [node.name])));
  return new QuantizedNetwork(
    network,
    [...notesOfRule(network, rule), ...coarseBiases(network, folded)],
    outputsKnown(subject),
  );
}

/** Says of products that a BatchNorm was folded into where their biases are rounded to more than a step of their results. */
function coarseBiases(network: Graph<Stored>, folded: ReadonlySet<string>): string[] {
  const formats = new Map(network.nodes.map(({ name, format }) => [name, format]));
  return network.nodes.flatMap((node) => {
    const read = formats.get(node.inputs[0]!);
    if (!folded.has(node.name) || node.format === null || !read) return [];
    const { encoding, shape } = weightsOf(network, node).kernel!;
    const most = integersOf(encoding, shape)!.scales.reduce((a, b) => Math.max(a, b), 0);
    const steps = (read.scale * most) / node.format.scale;
    if (steps <= 1) return [];
    const units = `whole units, each of ${Number(steps.toPrecision(2))} steps of its result`;
    const off = `the result may be ${Math.ceil(steps / 2) + 1} integers off. Prepare the layer with more bits`;
    return [`the bias of "${node.name}", into which a BatchNorm was folded, has ${units}: ${off}`];
  });
}

/** The formats of values that are int8: behind a `fakeQuantize`, and of what only moves these. */
function formatsIn(graph: Graph<Stored>): Formats {
  const formats = new Map<string, QuantizationParams>();
  for (const node of graph.nodes) {
    const own = weightsOf(graph, node);
    const read = node.inputs.map((name) => formats.get(name));
    if (isFake(node))
      formats.set(
        node.name,
        fakeFormat(node.attrs, (role) => own[role]!.encoding.values[0]!),
      );
    else if (isMove(node) && read[0] !== undefined) formats.set(node.name, read[0]);
  }
  return formats;
}

const isMove = (node: Node): boolean => activationIn(node) === null && mayCarry(node) && keepsFormat(node);

/** Which nodes give int8 themselves: those whose numbers a `fakeQuantize` alone reads, or a relu before it. */
function giversIn(graph: Graph<Stored>, formats: Formats): ReadonlyMap<string, QuantizationParams> {
  const alone = aloneIn(graph);
  const sums = requantizedIn(graph);
  const givers = new Map<string, QuantizationParams>();
  for (const node of graph.nodes) {
    if (!isFake(node)) continue;
    const format = formats.get(node.name)!;
    const last = alone(node.inputs[0]!);
    const isCut = last !== undefined && !hasKernel(last) && epilogueOf(activationIn(last) ?? LINEAR) !== 'linear';
    const maker = isCut ? alone(last.inputs[0]!) : last;
    if (maker === undefined || isFake(maker) || isMove(maker)) continue;
    const read = maker.inputs.map((name) => formats.get(name));
    if (read.includes(undefined)) continue;
    if ((hasKernel(maker) || isMean(maker)) && sums.get(node) !== maker) continue;
    if (isCut && !suits(last, [format], format)) continue;
    if (
      !suits(withoutTraining(maker), read as QuantizationParams[], format) ||
      (!hasKernel(maker) && activationIn(maker) !== null)
    )
      continue;
    givers.set(maker.name, format);
    if (isCut) givers.set(last.name, format);
  }
  return givers;
}

/** The network with int8 values in the place of those that are rounded to be like them. */
function inIntegers(graph: Graph<Stored>, formats: Formats, rule: Rule): Graph<Stored> {
  const givers = giversIn(graph, formats);
  const names = new Names(namesOf(graph));
  const real = new Map<string, string>(graph.inputs.map(({ name }) => [name, name]));
  const bytes = new Map<string, string>();
  const nodes: Node[] = [];
  const asReal = (name: string): string => {
    const known = real.get(name);
    if (known !== undefined) return known;
    const own = names.take(`${name}/dequantize`);
    nodes.push(nodeOf('dequantize', own, [bytes.get(name)!], {}));
    real.set(name, own);
    return own;
  };
  for (const node of graph.nodes) {
    const { name } = node;
    const [first] = node.inputs as [string];
    const format = givers.get(name) ?? null;
    const isWhole = hasKernel(node) && kernelBitsOf(node) !== undefined && bytes.has(first);
    const plain = withoutTraining(node);
    if (isFake(node)) {
      if (givers.has(first)) bytes.set(name, bytes.get(first)!);
      else {
        nodes.push(
          nodeOf('quantize', name, [real.get(first) ?? bytes.get(first)!], {}, { format: formats.get(name)! }),
        );
        bytes.set(name, name);
      }
    } else if (isMove(node) && bytes.has(first)) {
      nodes.push({ ...plain, inputs: [bytes.get(first)!], format: formats.get(name)! });
      bytes.set(name, name);
    } else {
      const inputs = node.inputs.map((each) => (isWhole || format !== null ? bytes.get(each)! : asReal(each)));
      const reads = node.inputs.flatMap((each) => formats.get(each) ?? []);
      nodes.push({ ...ruled(plain, reads, format, rule), inputs, format });
      (format === null ? real : bytes).set(name, name);
    }
  }
  const outputs = graph.outputs.map(asReal);
  return withoutUnread({ ...graph, nodes, outputs });
}

/** A node without what it is told and given for training. */
function withoutTraining(node: Node): Node {
  if (kernelBitsOf(node) === undefined) return node;
  const { kernelBits: _, ...attrs } = node.attrs as { readonly kernelBits?: number };
  const { steps: __, ...weights } = node.weights;
  return { ...node, attrs, weights } as Node;
}
