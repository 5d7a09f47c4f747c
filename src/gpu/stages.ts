import { GPU_ACTIVATIONS, type GpuActivationSpec, LINEAR, needsInput } from '../../kernels/gpu/activations.ts';
import { softmaxGradient } from '../../kernels/gpu/losses.ts';
import { DTypeError, listed, StateError } from '../base/errors.ts';
import type { Shape } from '../base/shape.ts';
import type { ActivationSpec } from '../graph/activation.ts';
import { type Shaped, shapesOf, valuesOf } from '../graph/check.ts';
import { kernelBitsOf } from '../graph/facts.ts';
import { activationIn, type Graph, type Node, type NodeOf, type Op } from '../graph/graph.ts';
import type { DeviceTensor } from './device-tensor.ts';
import { gpuActivate, gpuActivationGradient, gpuBinary, gpuSoftmax, specOf } from './ops.ts';
import type { Gradients, NodeShapes, Pass, Run, Shaders } from './run.ts';
import type { Scope } from './scope.ts';
import { SHADERS } from './shaders.ts';

/** An activation on a device: of each number, or of each row. */
type DeviceActivation = GpuActivationSpec | { readonly name: 'softmax' };

/** A node that has shaders. */
export interface Stage {
  readonly node: Node;
  readonly activation: DeviceActivation;
  readonly shapes: NodeShapes;
}

/** A network that has shaders, from its one input to its one output. */
export interface Stages {
  readonly list: readonly Stage[];
  readonly input: string;
  readonly output: string;
  readonly inputShape: Shape;
  readonly outputShape: Shape;
}

/** The row of a node. The compiler cannot see that a node and its row have one operation. */
const shadersOf = <K extends Op>({ op }: NodeOf<K>): Shaders<K> | undefined => SHADERS[op];

interface StagesOptions {
  /** Default false. */
  readonly forTraining?: boolean;
  /** A node whose activation is left out. */
  readonly logits?: Node | null;
}

/**
 * The nodes of a float32 network as a device runs them. Throws StateError, which names the node, for what has no shader,
 * and for networks of several inputs or outputs; nothing runs elsewhere instead.
 */
export function stagesOf(
  op: string,
  graph: Graph<Shaped>,
  { forTraining = false, logits = null }: StagesOptions = {},
): Stages {
  const activations = graph.nodes.map((node) => activationOf(op, node, node === logits, forTraining));
  checkOneEach(op, graph.inputs.length, graph.outputs.length);
  const input = graph.inputs[0]!.name;
  const output = graph.outputs[0]!;
  const values = valuesOf(graph);
  for (const [name, { dtype }] of values)
    if (dtype !== 'float32') throw new DTypeError(op, [dtype], `value ${name} is not of what a device computes with`);
  const shapeOf = (name: string): Shape => values.get(name)!.shape;
  const checkFlat = (name: string, reader: string): void => {
    const shape = shapeOf(name);
    const problem = `${reader} gets samples of shape ${listed(shape)}, and shaders take flat ones`;
    if (shape.length !== 1) throw new StateError(op, `${problem}: put a Flatten before it`);
  };
  const list = graph.nodes.map((node, i): Stage => {
    const activation = activations[i]!;
    if (shadersOf(node)!.mixes === true) checkFlat(node.inputs[0]!, nameOf(node));
    if (activation.name === 'softmax') checkFlat(node.name, `the softmax of ${nameOf(node)}`);
    const shapes = { inputs: node.inputs.map(shapeOf), output: shapeOf(node.name), weights: shapesOf(graph, node) };
    return { node, activation, shapes };
  });
  if (forTraining) checkFlat(output, 'the loss');
  return { list, input, output, inputShape: shapeOf(input), outputShape: shapeOf(output) };
}

/** Throws StateError unless a network has one input and one output. */
export function checkOneEach(op: string, inputs: number, outputs: number): void {
  if (inputs === 1 && outputs === 1) return;
  throw new StateError(op, `a network of ${inputs} inputs and ${outputs} outputs has no shaders; one of one each has`);
}

/** As errors call a node. */
const nameOf = (node: Node): string =>
  `layer ${node.name} (${node.op === 'custom' ? `custom: ${node.attrs.type}` : node.op})`;

/** The activation of a node that has shaders. Throws StateError for any other. */
function activationOf<K extends Op>(
  op: string,
  node: NodeOf<K>,
  isLogits: boolean,
  forTraining: boolean,
): DeviceActivation {
  const one = node as Node;
  const refuse = (problem: string): never => {
    throw new StateError(op, `${nameOf(one)} ${problem}`);
  };
  const { lacks, backward } = (Object.hasOwn(SHADERS, node.op) ? shadersOf(node) : null) ?? refuse('has no shader');
  const problem = lacks?.(node) ?? null;
  if (problem !== null) refuse(problem);
  if (node.format !== null) refuse('gives int8, which has no shader');
  if (kernelBitsOf(one) !== undefined) refuse('reads its kernel as whole numbers, which has no shader');
  if (forTraining && backward === null) refuse('has no shader for training');
  return isLogits ? LINEAR : deviceActivation(op, activationIn(one), refuse);
}

function deviceActivation(
  op: string,
  spec: ActivationSpec | null,
  refuse: (problem: string) => never,
): DeviceActivation {
  const { name, alpha } = spec ?? LINEAR;
  if (name === 'softmax') return { name };
  const known: readonly string[] = GPU_ACTIVATIONS;
  if (known.includes(name)) return specOf(op, alpha === undefined ? name : { name, alpha });
  return refuse(`has the activation ${name}, which has no shader; ${[...known, 'softmax'].join(', ')} have one`);
}

/** A stage that was run, with what its gradient needs. */
export interface Done {
  readonly stage: Stage;
  readonly run: Run;
  /** What the activation was given, and what it gave. */
  readonly before: DeviceTensor;
  readonly output: DeviceTensor;
}

/** Runs all stages on samples [count, numbers]. */
export async function forward(
  { list, input, output }: Stages,
  x: DeviceTensor,
  pass: Pass,
): Promise<[DeviceTensor, Done[]]> {
  const values = new Map([[input, x]]);
  const done: Done[] = [];
  for (const stage of list) {
    const { node, shapes } = stage;
    const weights = Object.entries(node.weights).map(([role, key]) => [role, pass.weights(key)]);
    const inputs = node.inputs.map((name) => values.get(name)!) as [DeviceTensor, ...DeviceTensor[]];
    const run = { node, shapes, inputs, weights: Object.fromEntries(weights), pass, saved: [] };
    const made = await through(stage, run);
    values.set(node.name, made.output);
    if (pass.training !== null) done.push(made);
  }
  return [values.get(output)!, done];
}

async function through(stage: Stage, run: Run): Promise<Done> {
  const { activation } = stage;
  const { scope, training } = run.pass;
  const ofNumbers = activation.name === 'softmax' ? null : activation;
  // A gradient that needs what the activation was given needs the activation by itself
  const isApart =
    ofNumbers === null || shadersOf(run.node)!.fuses !== true || (training !== null && needsInput(ofNumbers));
  const before = await scope.keep(shadersOf(run.node)!.forward(run, isApart ? LINEAR : ofNumbers));
  if (!isApart || ofNumbers?.name === 'linear') return { stage, run, before, output: before };
  const output = await scope.keep(ofNumbers === null ? gpuSoftmax(before) : gpuActivate(before, ofNumbers));
  return { stage, run, before, output };
}

/**
 * Gradients of the weights `isTrained`, by key, from that of the output. Those of a weight that several stages share are
 * added, as those of a value that several read.
 */
export async function backward(
  done: readonly Done[],
  { output }: Stages,
  last: DeviceTensor,
  scope: Scope,
  isTrained: (key: string) => boolean,
): Promise<Map<string, DeviceTensor>> {
  const wanted = new Set<string>();
  for (const {
    stage: { node },
  } of done)
    if (Object.values(node.weights).some(isTrained) || node.inputs.some((name) => wanted.has(name)))
      wanted.add(node.name);
  const ofValues = new Map([[output, last]]);
  const ofWeights = new Map<string, DeviceTensor>();
  const addTo = async (sums: Map<string, DeviceTensor>, name: string, made: Promise<DeviceTensor>): Promise<void> => {
    const gradient = await scope.keep(made);
    const before = sums.get(name);
    sums.set(name, before === undefined ? gradient : await scope.keep(gpuBinary('add', before, gradient)));
  };
  for (const each of [...done].reverse()) {
    const { node } = each.stage;
    const g = ofValues.get(node.name);
    if (g === undefined || !wanted.has(node.name)) continue;
    const to: Gradients = {
      input: async (i, gradient) => {
        const name = node.inputs[i]!;
        if (wanted.has(name)) await addTo(ofValues, name, gradient());
      },
      weight: async (role, gradient) => {
        const key = node.weights[role];
        if (key !== undefined && isTrained(key)) await addTo(ofWeights, key, gradient());
      },
    };
    await shadersOf(node)!.backward!(each.run, await scope.keep(beforeActivation(each, g)), to);
  }
  return ofWeights;
}

/** The gradient of what an activation was given. */
async function beforeActivation(
  { stage: { activation }, before, output }: Done,
  g: DeviceTensor,
): Promise<DeviceTensor> {
  if (activation.name === 'linear') return g;
  if (activation.name !== 'softmax')
    return gpuActivationGradient(activation, needsInput(activation) ? before : output, g);
  const [, rows, cols] = output.extent;
  return g.gpu.run(softmaxGradient(rows, cols), [output, g]);
}
