import { DTypeError, listed, ShapeError, StateError, ValueError } from '../base/errors.ts';
import { type Shape, sameShape, size } from '../base/shape.ts';
import type { ActivationSpec } from '../graph/activation.ts';
import { activationIn, type Graph, type Node } from '../graph/graph.ts';
import { Names } from '../graph/rewrite.ts';
import { persistent } from '../memory/arena.ts';
import type { FloatDType } from '../memory/dtype.ts';
import { checkSeed, Random } from '../tensor/random.ts';
import { assign, keep, type Tensor } from '../tensor/tensor.ts';
import { activate } from './activations.ts';
import { drops, type Pass, run, type Stage } from './forward.ts';
import type { Layer } from './layers.ts';
import { type BuildContext, Lowering } from './lowering.ts';
import type { Parameter } from './parameter.ts';

/** 11274 as 11,274. */
const grouped = (n: number): string => String(n).replace(/\B(?=(\d{3})+$)/g, ',');

const countOf = (weights: readonly Parameter[]): number => weights.reduce((total, { value }) => total + value.size, 0);

/** What a model is once the shape of its samples is known. */
interface Built {
  readonly graph: Graph<Parameter>;
  /** Sample shapes before the first layer and after each one. */
  readonly shapes: readonly Shape[];
  readonly stages: readonly { readonly node: Node; readonly stage: Stage; readonly isRead: boolean }[];
  readonly weights: readonly Parameter[];
}

function builtOf(graph: Lowering, ends: readonly string[], layers: readonly Layer[]): Built {
  const read = new Set(graph.nodes.flatMap(({ inputs }) => inputs));
  const { seed } = graph.context;
  const stages = graph.nodes.map((node) => {
    const weights = Object.entries(node.weights).map(([role, key]) => [role, graph.weights.get(key)!.value]);
    const stage: Stage = {
      node,
      weights: Object.fromEntries(weights),
      random: node.op === 'dropout' ? new Random(seed, `${node.name}/dropout`) : null,
      layer: node.op === 'custom' ? layers.find(({ name }) => name === node.name)! : null,
    };
    return { node, stage, isRead: read.has(node.name) };
  });
  return { graph, shapes: ends.map((name) => graph.shapeOf(name)), stages, weights: [...graph.weights.values()] };
}

/** The node whose result the outputs are: what does nothing in this pass is passed over. Null where it is an input. */
function outputOf({ nodes }: Pick<Graph<Parameter>, 'nodes'>, value: string, training: boolean): Node | null {
  const node = nodes.find(({ name }) => name === value) ?? null;
  const isIdle = node?.op === 'activityRegularization' || (node?.op === 'dropout' && !drops(node, training));
  return isIdle ? outputOf({ nodes }, node!.inputs[0]!, training) : node;
}

export interface SequentialOptions {
  /** Decides every random number of the model: initial weights, dropout, shuffling. Default 0. */
  readonly seed?: number;
  /** Default `float32`; `float64` is for checks, and slow. */
  readonly dtype?: FloatDType;
  /** Begin with weights of 0 instead of drawing them, for a model that is given others next. Default false. */
  readonly blank?: boolean;
}

/** Layers one after another: the structure, the weights and the forward pass. */
export class LayerStack {
  readonly layers: readonly Layer[];
  readonly seed: number;
  readonly dtype: FloatDType;
  private readonly context: BuildContext;
  /** Training steps made: the counter that dropout draws by. */
  steps = 0;
  private built: Built | null = null;

  constructor(layers: readonly Layer[], { seed = 0, dtype = 'float32', blank = false }: SequentialOptions = {}) {
    checkSeed('Sequential', seed);
    if (layers.length === 0) throw new StateError('Sequential', 'needs at least one layer');
    if (new Set(layers).size !== layers.length) throw new StateError('Sequential', 'one layer is given twice');
    this.layers = [...layers];
    this.seed = seed;
    this.dtype = dtype;
    this.context = { seed, dtype, blank };
    this.nameLayers();
    if (layers[0]!.inputShape !== undefined) this.build(layers[0]!.inputShape);
  }

  /** Names left open become the type, then type_1, type_2, ... */
  private nameLayers(): void {
    const taken = new Set<string>();
    for (const { name } of this.layers) {
      if (name !== '' && taken.has(name)) throw new ValueError('Sequential', 'layer name', 'unique', name);
      taken.add(name);
    }
    for (const layer of this.layers) {
      for (let count = 0; layer.name === ''; count++) {
        const name = count === 0 ? layer.type : `${layer.type}_${count}`;
        if (!taken.has(name)) layer.name = name;
      }
      taken.add(layer.name);
    }
  }

  get isBuilt(): boolean {
    return this.built !== null;
  }

  /** The network that the layers make. Throws StateError before the model is built. */
  get graph(): Graph<Parameter> {
    return this.structure().graph;
  }

  private structure(): Built {
    if (this.built === null)
      throw new StateError('Sequential', 'the model is not built: give the first layer an inputShape or call build()');
    return this.built;
  }

  /** Makes the weights for samples of `inputShape` (without the batch axis). Does nothing the second time. */
  build(inputShape: Shape): void {
    if (this.isBuilt) {
      if (!sameShape(inputShape, this.inputShape)) {
        throw new ShapeError(
          'Sequential',
          [inputShape, this.inputShape],
          'samples do not have the shape the model was built for',
        );
      }
      return;
    }
    const owned = this.layers.find((layer) => layer.weights.length > 0);
    if (owned !== undefined) throw new StateError('Sequential', `layer ${owned.name} already belongs to a model`);
    const input = new Names(this.layers.map(({ name }) => name)).take('input');
    const lowering = new Lowering(this.context, [{ name: input, shape: [...inputShape], dtype: this.dtype }]);
    const ends = [input];
    try {
      size('Sequential', inputShape);
      persistent(() => {
        for (const layer of this.layers) ends.push(layer.lower(lowering, ends.at(-1)!));
      });
    } catch (error) {
      for (const layer of this.layers) layer.weights = []; // all or nothing: build may be called again
      throw error;
    }
    lowering.outputs.push(ends.at(-1)!);
    this.built = builtOf(lowering, ends, this.layers);
  }

  /** `build` for the samples of a batch [batch, ...]: every training step asks, so it is cheap once built. */
  protected buildFor(batch: Shape): void {
    const shape = this.built?.shapes[0];
    const fits = shape !== undefined && shape.length === batch.length - 1 && shape.every((n, i) => n === batch[i + 1]);
    if (!fits) this.build(batch.slice(1));
  }

  /** Shape of one input sample. Throws StateError before the model is built. */
  get inputShape(): Shape {
    return this.shapeAfter(-1);
  }

  get outputShape(): Shape {
    return this.shapeAfter(this.layers.length - 1);
  }

  /** Shape of one sample after layer `index`; -1 stands for the input. */
  shapeAfter(index: number): Shape {
    return this.structure().shapes[index + 1]!;
  }

  /** All weights in order, each once. */
  get weights(): readonly Parameter[] {
    return this.built?.weights ?? [];
  }

  /** The weights that training changes. */
  get trainable(): readonly Parameter[] {
    const found: Parameter[] = [];
    for (const layer of this.layers) if (layer.trainable) for (const weight of layer.weights) found.push(weight);
    return found;
  }

  /** Number of all parameters. */
  get parameterCount(): number {
    return countOf(this.weights);
  }

  /** Layer by name or index; negative indices count from the end. */
  layer(which: string | number): Layer {
    const found = typeof which === 'number' ? this.layers.at(which) : this.layers.find((layer) => layer.name === which);
    if (found === undefined)
      throw new ValueError('layer', 'the layer', `one of ${this.layers.map((l) => l.name).join(', ')}`, which);
    return found;
  }

  /**
   * Runs the network on a batch [batch, ...inputShape]. Recorded unless inside noGrad. With `logits` the last activation is
   * left out, so that a loss can work on what comes before it.
   */
  forward(x: Tensor, options: Partial<Pass> & { readonly logits?: boolean } = {}): Tensor {
    if (x.rank === 0) throw new ShapeError('forward', [x.shape], 'needs a batch axis');
    if (x.dtype !== this.dtype)
      throw new DTypeError('forward', [x.dtype, this.dtype], 'the input is not of the type of the model', 'cast() it?');
    this.build(x.shape.slice(1));
    const { training = false, step, penalties = [], logits = false } = options;
    const steps = (): number => step ?? this.steps;
    const pass: Pass = {
      training,
      get step() {
        return steps(); // read anew when a recorded step is repeated
      },
      penalties,
    };
    const { graph, stages } = this.structure();
    const [output] = graph.outputs as [string];
    const before = logits ? outputOf(graph, output, training) : null;
    const values = new Map<string, Tensor>([[graph.inputs[0]!.name, x]]);
    let result: Tensor | null = null;
    for (const { node, stage, isRead } of stages) {
      const inputs = node.inputs.map((name) => values.get(name)!) as [Tensor, ...Tensor[]];
      const isEnd = node === before;
      const y = run(inputs, stage, pass, isEnd);
      if (isEnd) result = y;
      const activation = isEnd && isRead ? activationIn(node) : null;
      values.set(node.name, activation === null ? y : activate(activation, y));
    }
    return result ?? values.get(output)!;
  }

  /**
   * The activation that outputs come out of in training, or outside. They differ where Dropout comes last: in training its
   * zeros are the outputs.
   */
  outputActivation(training: boolean): ActivationSpec {
    const { graph } = this.structure();
    const node = outputOf(graph, graph.outputs[0]!, training);
    return (node && activationIn(node)) ?? { name: 'linear' };
  }

  /** The name of the activation that predictions come out of. */
  get lastActivation(): string {
    return this.outputActivation(false).name;
  }

  /** Copies of all weights, in order. */
  getWeights(): Tensor[] {
    return this.weights.map(({ value }) => keep(value));
  }

  /**
   * Overwrites all weights; pruned ones stay 0. Shapes and types must match one by one, and nothing is written if one does
   * not.
   */
  setWeights(values: readonly Tensor[]): void {
    const own = this.weights;
    if (values.length !== own.length)
      throw new StateError('setWeights', `got ${values.length} tensors for ${own.length} weights`);
    own.forEach(({ name, value }, i) => {
      if (!sameShape(values[i]!.shape, value.shape))
        throw new ShapeError('setWeights', [values[i]!.shape, value.shape], `${name} does not fit`);
      if (values[i]!.dtype !== value.dtype)
        throw new DTypeError('setWeights', [values[i]!.dtype, value.dtype], `${name} does not fit`);
    });
    own.forEach((weight, i) => {
      assign(weight.value, values[i]!);
      weight.constrain();
    });
  }

  /** A table of layers, output shapes and parameters. */
  summary(): string {
    const rows = this.layers.map((layer, i): [string, string, string] => [
      `${layer.name} (${layer.type})`,
      listed(['batch', ...this.shapeAfter(i)]),
      grouped(countOf(layer.weights)),
    ]);
    const table = [['Layer (type)', 'Output shape', 'Parameters'] as const, ...rows];
    const width = (column: 0 | 1 | 2): number => Math.max(...table.map((row) => row[column].length));
    const first = width(0);
    const second = width(1);
    const third = width(2);
    const lines = table.map(([a, b, c]) => `${a.padEnd(first)}  ${b.padEnd(second)}  ${c.padStart(third)}`);
    const rule = '-'.repeat(lines[0]!.length);
    const trained = countOf(this.trainable);
    const total = `Parameters: ${grouped(this.parameterCount)}, trainable: ${grouped(trained)}`;
    return [lines[0], rule, ...lines.slice(1), rule, total].join('\n');
  }
}
