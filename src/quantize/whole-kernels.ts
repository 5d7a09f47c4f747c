import { roundHalfEven } from '../../kernels/reference/math.ts';
import { StateError, ValueError } from '../base/errors.ts';
import { isLike, type Norm, normOf, normsBehind } from '../compress/fold.ts';
import type { Encoding, Stored } from '../graph/encoding.ts';
import { kernelBitsOf } from '../graph/facts.ts';
import { type Graph, type Node, type QuantizationParams, weightsOf } from '../graph/graph.ts';
import { packedCodes } from '../graph/levels.ts';
import { Names, without, withoutUnread } from '../graph/rewrite.ts';
import { columnsOf, type WholeKernel, wholeKernel } from '../nn/fake.ts';
import { LEAST_SCALE } from '../nn/params.ts';
import { BIAS_LIMIT, wholeBias } from './weights.ts';

/** Formats of the values that are int8, by name. */
export type Formats = ReadonlyMap<string, QuantizationParams>;

/** Kernels that are read as whole numbers as these, with biases in int32 behind int8, and BatchNorms folded into both. */
export function withWholeKernels(op: string, graph: Graph<Stored>, formats: Formats): Graph<Stored> {
  const norms = normsBehind(graph);
  const weights = new Map(graph.weights);
  const names = new Names(weights.keys());
  const biases = new Map<Node, string>();
  const gone = new Set<Node>();
  const done = new Set<string>();
  for (const node of graph.nodes) {
    const key = node.weights.kernel;
    if (key === undefined || kernelBitsOf(node) === undefined || done.has(key)) continue;
    done.add(key);
    const own = graph.nodes.filter((other) => other.weights.kernel === key);
    const input = formats.get(node.inputs[0]!);
    const other = own.find(({ inputs: [first] }) => !isSame(formats.get(first!), input));
    if (other !== undefined)
      throw new StateError(
        op,
        `nodes "${node.name}" and "${other.name}" share a kernel and read values of two formats`,
      );
    const norm = norms.get(node);
    const isFolded =
      norm !== undefined &&
      input !== undefined &&
      columnsOf(node, weights.get(key)!.shape) > 1 &&
      own.every((user) => isLike(user, node) && norms.has(user) && isLike(norms.get(user)!, norm));
    const parts = partsOf(op, graph, node, input, isFolded ? norm : undefined);
    weights.set(key, parts.kernel);
    if (parts.bias === null) continue;
    const bias = node.weights.bias ?? names.take(`${node.name}/bias`);
    weights.set(bias, parts.bias);
    for (const user of own) {
      biases.set(user, bias);
      if (isFolded) gone.add(norms.get(user)! as Node);
    }
  }
  const nodes = graph.nodes.map((node) =>
    biases.has(node) ? ({ ...node, weights: { ...node.weights, bias: biases.get(node)! } } as Node) : node,
  );
  return withoutUnread(without({ ...graph, nodes, weights }, (node) => gone.has(node)));
}

const isSame = (a: QuantizationParams | undefined, b: QuantizationParams | undefined): boolean =>
  a?.scale === b?.scale && a?.zeroPoint === b?.zeroPoint;

interface Parts {
  readonly kernel: Stored;
  /** Null where it stays as it is. */
  readonly bias: Stored | null;
}

/** The weights of a product, of integers if its input has a format. */
function partsOf(
  op: string,
  graph: Graph<Stored>,
  node: Node,
  input: QuantizationParams | undefined,
  norm: Norm | undefined,
): Parts {
  const { kernel, bias, steps } = weightsOf(graph, node);
  const { shape, mask } = kernel!;
  const real = kernel!.encoding.values as Float32Array;
  const offsets = bias?.encoding.values as Float32Array | undefined;
  for (const numbers of [real, offsets ?? []]) {
    const wrong = numbers.find((number) => !Number.isFinite(number));
    if (wrong !== undefined) throw new ValueError(op, `the parameters of ${node.name}`, 'finite', wrong);
  }
  const bits = kernelBitsOf(node)!;
  const columns = columnsOf(node, shape);
  const behind = input !== undefined && offsets !== undefined ? { bias: offsets, inputScale: input.scale } : undefined;
  const whole = wholeKernel(real, columns, bits, steps?.encoding.values as Float32Array | undefined, behind);
  const held = (now: WholeKernel): Stored => ({
    shape,
    encoding: encoded(now, shape, bits),
    mask: mask?.includes(0) ? mask : null,
  });
  if (input === undefined) return { kernel: held(whole), bias: null };
  if (norm !== undefined) {
    const { factors, sums } = normOf(columns, norm.attrs.epsilon, { ...weightsOf(graph, norm as Node), bias });
    const folded = foldedInto(whole, factors, sums, input.scale);
    return { kernel: held(folded), bias: wholeBias(sums, unitsOf(folded, input, sums.length)) };
  }
  if (bias === undefined) return { kernel: held(whole), bias: null };
  return { kernel: held(whole), bias: wholeBias(offsets!, unitsOf(whole, input, offsets!.length), bias.mask) };
}

/** What 1 is in the sums of so many units; one scale is that of all. */
const unitsOf = ({ scales }: WholeKernel, { scale }: QuantizationParams, units: number): Float64Array =>
  Float64Array.from({ length: units }, (_, j) => scale * scales[scales.length === 1 ? 0 : j]!);

/**
 * Scales times what a BatchNorm multiplies with, its sign in the integers: nothing is rounded but the scale. Where nothing is
 * left of a unit, or its bias would not fit, integers are made anew for a coarser scale.
 */
function foldedInto(whole: WholeKernel, factors: Float64Array, biases: Float64Array, inputScale: number): WholeKernel {
  const columns = whole.scales.length;
  const exact = Float64Array.from(whole.scales, (scale, j) => scale * Math.abs(factors[j]!));
  const scales = Float32Array.from(exact, (scale, j) => {
    const needed = Math.max(scale, Math.abs(biases[j]!) / (inputScale * BIAS_LIMIT));
    return Math.fround(needed) < LEAST_SCALE ? 1 : needed;
  });
  const values = whole.values.map((q, i) => {
    const j = i % columns;
    const isKept = Math.fround(exact[j]!) === scales[j];
    return Math.sign(factors[j]!) * (isKept ? q : roundHalfEven((q * exact[j]!) / scales[j]!));
  });
  return { values, scales };
}

/** Up to 4 bits as levels, a group a column. */
function encoded({ values, scales: own }: WholeKernel, shape: Stored['shape'], bits: number): Encoding {
  const columns = shape.at(-1)!;
  const scales = own.length === columns ? own : new Float32Array(columns).fill(own[0]!);
  if (bits > 4) return { type: 'int8', values, scales };
  const width = bits <= 2 ? 2 : 4;
  const codes = Uint8Array.from(values, (q) => q + (1 << (width - 1)));
  const group = Math.max(1, values.length / Math.max(1, columns));
  return { type: 'levels', values: packedCodes(codes, width), bits: width, group, scales, zeroPoints: null };
}
