import { grouped, listed, ShapeError, StateError, ValueError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import { type Shape, sameShape, size } from '../base/shape.ts';
import type { ActivationSpec } from '../graph/activation.ts';
import { activationIn, type Graph, type Input, type Node } from '../graph/graph.ts';
import { activationBefore, makerOf, Names } from '../graph/rewrite.ts';
import { persistent } from '../memory/arena.ts';
import { checkFloatDType, type DType, type FloatDType } from '../memory/dtype.ts';
import { checkSeed } from '../tensor/random.ts';
import { assign, keep, type Tensor } from '../tensor/tensor.ts';
import { activate } from './activations.ts';
import { isBatchOf, refuseShape, refuseType } from './batches.ts';
import { type Built, builtOf } from './built.ts';
import { type Pass, run } from './forward.ts';
import { calledOf, checkFree, nameLayers, withInner } from './layer-names.ts';
import type { Layer } from './layers.ts';
import { type BuildContext, type Lowerable, Lowering } from './lowering.ts';
import type { Parameter } from './parameter.ts';
import { checkEntries, oneOrAll, type Tensors, tensorsOf } from './samples.ts';
import { checkSample, SymbolicTensor, type Symbols, symbolsOf, valuesFrom } from './symbolic.ts';

const countOf = (weights: readonly Parameter[]): number => weights.reduce((total, { value }) => total + value.size, 0);

export interface SequentialOptions {
  /** Decides every random number of the model: initial weights, dropout, shuffling. Default 0. */
  readonly seed?: number;
  /** Default `float32`; `float64` is for checks, and slow. */
  readonly dtype?: FloatDType;
  /** Begin with weights of 0 instead of drawing them, for a model that is given others next. Default false. */
  readonly blank?: boolean;
}

export const MODEL_OPTIONS = 'seed dtype blank';

export interface ForwardOptions extends Partial<Pass> {
  /** Default false; a list says it for each output. */
  readonly logits?: boolean | readonly boolean[];
}

const NONE: readonly Parameter[] = [];

const isTrainable = ({ trainable }: Layer): boolean => trainable;
export const isTrained = ({ isStatistic }: Parameter): boolean => !isStatistic;

const areShapes = (given: Shape | readonly Shape[]): given is readonly Shape[] =>
  Array.isArray(given) && Array.isArray(given[0]);

/** What layers make of a value: the structure, the weights and the forward pass. */
export class LayerGraph {
  /** Every layer once, those inside of others before them. */
  readonly layers: readonly Layer[];
  readonly seed: number;
  readonly dtype: FloatDType;
  /** Of each input: int32 where a layer that stands there reads whole numbers. */
  readonly inputDtypes: readonly Input['dtype'][];
  private readonly context: BuildContext;
  private readonly op: string;
  private readonly inputs: readonly SymbolicTensor[];
  private readonly outputs: readonly SymbolicTensor[];
  /** Inputs, and values after those that they are made of. */
  private readonly order: readonly SymbolicTensor[];
  /** Training steps made: the counter that dropout draws by. */
  steps = 0;
  /** Passes over samples that training has begun: the counter that their orders are drawn by. */
  epochs = 0;
  private built: Built | null = null;
  private figureNames: readonly string[] | null = null;

  constructor(op: string, x: Symbols, y: Symbols, options: SequentialOptions = {}) {
    const { seed = 0, dtype = 'float32', blank = false } = options;
    checkSeed(op, seed);
    checkFloatDType(op, dtype);
    this.op = op;
    this.inputs = symbolsOf(op, 'x', x);
    this.outputs = symbolsOf(op, 'y', y);
    this.order = valuesFrom(this.inputs, this.outputs);
    const given = new Set(this.inputs);
    const made = this.inputs.find(({ layer }) => layer !== null);
    if (made !== undefined)
      throw new StateError(
        op,
        `an input is what ${calledOf(made.layer as Layer)} gives: the inputs are what input() gave`,
      );
    if (given.size < this.inputs.length) throw new StateError(op, 'one input is given twice');
    const missing = this.order.find((value) => value.layer === null && !given.has(value));
    if (missing !== undefined)
      throw new StateError(op, `an output is made of an input (${missing.name}) that is not among the inputs given`);
    const layers = this.topLayers.flatMap(withInner);
    const twice = layers.find((layer, i) => layers.indexOf(layer) !== i);
    if (twice !== undefined)
      throw new StateError(
        op,
        `${calledOf(twice)} is given twice, in a container and elsewhere: apply() one layer to several values instead`,
      );
    nameLayers(op, this.topLayers, layers);
    this.layers = layers;
    this.seed = seed;
    this.dtype = dtype;
    this.context = { seed, dtype, blank };
    const readsIntegers = (x: SymbolicTensor): boolean =>
      this.order.some(({ layer, inputs }) => inputs.includes(x) && (layer as Layer | null)?.readsIntegers === true);
    this.inputDtypes = this.inputs.map((each) => (readsIntegers(each) ? 'int32' : dtype));
    const shapes = this.inputs.flatMap(({ shape }) => (shape === undefined ? [] : [shape]));
    if (shapes.length === this.inputs.length) this.build(shapes);
  }

  /** The same wiring with other layers: its inputs and outputs. Layers that are used twice are asked for once. */
  rewired(make: (layer: Layer) => Layer): [xs: SymbolicTensor[], ys: SymbolicTensor[]] {
    const layers = new Map<Lowerable, Layer>();
    const values = new Map<SymbolicTensor, SymbolicTensor>();
    for (const value of this.order) {
      const { layer, shape, name } = value;
      if (layer === null) values.set(value, new SymbolicTensor(null, [], shape, name));
      else {
        const made = layers.get(layer) ?? make(layer as Layer);
        layers.set(layer, made);
        values.set(value, made.apply(value.inputs.map((each) => values.get(each)!)));
      }
    }
    return [this.inputs.map((x) => values.get(x)!), this.outputs.map((y) => values.get(y)!)];
  }

  /** Layers that stand in the model themselves, not in others, each once. */
  get topLayers(): readonly Layer[] {
    return [...new Set(this.order.flatMap(({ layer }) => (layer === null ? [] : [layer as Layer])))];
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
      throw new StateError(this.op, 'the model is not built: give the first layer an inputShape or call build()');
    return this.built;
  }

  /** How many tensors the model reads and gives. */
  get inputCount(): number {
    return this.inputs.length;
  }

  get outputCount(): number {
    return this.outputs.length;
  }

  /** What figures of outputs are called by: the layers that give them, or inputs; further outputs of one by _1, _2, ... */
  get outputNames(): readonly string[] {
    if (this.figureNames === null) {
      const own = this.outputs.map(({ layer, name }) => layer?.name ?? name);
      const names = new Names(own);
      this.figureNames = own.map((name, i) => (own.indexOf(name) === i ? name : names.take(name)));
    }
    return this.figureNames; // every step asks
  }

  /**
   * Makes the weights for samples of `inputShape` (without the batch axis; a list of shapes for several inputs). Does
   * nothing the second time.
   */
  build(inputShape: Shape | readonly Shape[]): void {
    const given = areShapes(inputShape) ? inputShape : [inputShape];
    if (given.length !== this.inputCount)
      throw new ValueError(this.op, 'inputShape', `a list of ${this.inputCount} shapes`, inputShape);
    for (const shape of given) checkSample(this.op, 'inputShape', shape);
    if (this.isBuilt) {
      this.inputShapes.forEach((own, i) => {
        if (!sameShape(given[i]!, own)) refuseShape(this.op, given[i]!, own, this.samplesOf(i));
      });
      return;
    }
    checkFree(this.op, this.layers);
    const names = new Names(this.layers.map(({ name }) => name));
    const inputs = this.inputs.map(({ name }, i) => ({
      name: names.take(name),
      shape: [...given[i]!],
      dtype: this.inputDtypes[i]!,
    }));
    const lowering = new Lowering(this.context, inputs, names);
    const values = new Map(this.inputs.map((value, i) => [value, inputs[i]!.name]));
    try {
      for (const { shape } of inputs) size(this.op, shape);
      persistent(() => {
        for (const value of this.order) {
          const read = value.inputs.map((each) => values.get(each)!);
          if (value.layer !== null) values.set(value, lowering.apply(value.layer, read));
        }
      });
    } catch (error) {
      for (const layer of this.layers) layer.weights = []; // all or nothing: build may be called again
      throw error;
    }
    lowering.outputs.push(...this.outputs.map((value) => values.get(value)!));
    this.built = builtOf(lowering, this.layers);
  }

  private samplesOf(input: number): string {
    return this.inputCount === 1 ? 'samples' : `samples of input ${input}`;
  }

  /**
   * `build` for batches [batch, ...], which begin with one of each input: every training step asks, so it is cheap once built.
   * Throws where they are of other types, or of other shapes than it was built for.
   */
  protected buildFor(op: string, batches: readonly { readonly shape: Shape; readonly dtype: DType }[]): void {
    const shapes = this.built?.inputShapes;
    for (let i = 0; i < this.inputCount; i++) {
      const { shape, dtype } = batches[i]!;
      if (shape.length === 0) throw new ShapeError(op, [shape], 'needs a batch axis');
      if (dtype !== this.inputDtypes[i]) refuseType(op, dtype, this.inputDtypes[i]!);
      const own = shapes?.[i];
      if (own !== undefined && !isBatchOf(shape, own)) refuseShape(op, shape.slice(1), own, this.samplesOf(i), shape);
    }
    if (shapes === undefined) this.build(this.inputs.map((_, i) => batches[i]!.shape.slice(1)));
  }

  /** Shapes of one sample of each input. Throws StateError before the model is built. */
  get inputShapes(): readonly Shape[] {
    return this.structure().inputShapes;
  }

  get outputShapes(): readonly Shape[] {
    return this.structure().outputShapes;
  }

  /** Shape of one sample of the first input, or the only one. */
  get inputShape(): Shape {
    return this.inputShapes[0]!;
  }

  get outputShape(): Shape {
    return this.outputShapes[0]!;
  }

  /** Shape of one sample after layer `index`, where it is applied first. */
  shapeAfter(index: number): Shape {
    return this.structure().layerShapes[index]!;
  }

  /** All weights in order, each once. */
  get weights(): readonly Parameter[] {
    return this.built?.weights ?? [];
  }

  /** The weights that an optimizer changes. */
  get trainable(): readonly Parameter[] {
    if (this.layers.every(isTrainable) && this.weights.every(isTrained)) return this.weights; // every step asks
    const { frozen } = this;
    return this.layers.flatMap((layer) => (frozen.has(layer) ? [] : layer.weights.filter(isTrained)));
  }

  /** The running statistics that a pass in training moves. */
  get moved(): readonly Parameter[] {
    if (this.weights.every(isTrained)) return NONE; // every step asks
    const { still } = this;
    return this.layers.flatMap((layer) => (still.has(layer) ? [] : layer.weights.filter((own) => own.isStatistic)));
  }

  /** The layers whose weights training leaves alone: those that are not trainable, with all inside of them. */
  get frozen(): ReadonlySet<Layer> {
    return new Set(this.layers.filter(({ trainable }) => !trainable).flatMap(withInner));
  }

  /** The layers whose running statistics training leaves alone. */
  get still(): ReadonlySet<Layer> {
    const stays = this.layers.filter(({ movesStatistics }) => !movesStatistics);
    return stays.length === 0 ? this.frozen : new Set([...this.frozen, ...stays.flatMap(withInner)]);
  }

  /** The layer that a node of the graph comes from. */
  layerOf(node: string): Layer {
    return this.structure().layerOf.get(node) as Layer;
  }

  /** Number of all parameters. */
  get parameterCount(): number {
    return countOf(this.weights);
  }

  /** Layer by name or index; negative indices count from the end. */
  layer(which: string | number): Layer {
    const found = Number.isInteger(which) // a list takes NaN for 0
      ? this.layers.at(which as number)
      : this.layers.find((layer) => layer.name === which);
    if (found === undefined)
      throw new ValueError('layer', 'the layer', `one of ${this.layers.map((l) => l.name).join(', ')}`, which);
    return found;
  }

  /**
   * Runs the network on a batch [batch, ...inputShape], or on a list of them. Recorded unless inside noGrad. With `logits`
   * the last activation is left out, so that a loss can work on what comes before it. `Y` is Tensor[] for several outputs.
   */
  forward<Y extends Tensors = Tensor>(x: Tensors, options: ForwardOptions = {}): Y {
    checkOptions('forward', options, 'training step penalties logits');
    const xs = tensorsOf('forward', 'x', x, this.inputCount);
    if (this.inputDtypes.includes('int32')) {
      this.buildFor('forward', xs);
      checkEntries('forward', 'x', xs, this.graph);
    }
    return oneOrAll(this.outputsOf(xs, options));
  }

  /** `forward` on lists. */
  protected outputsOf(xs: readonly Tensor[], options: ForwardOptions = {}): readonly Tensor[] {
    this.buildFor('forward', xs);
    const other = xs.find(({ shape }) => shape[0] !== xs[0]!.shape[0]);
    if (other !== undefined)
      throw new ShapeError('forward', [xs[0]!.shape, other.shape], 'the inputs must have the same number of samples');
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
    const resting = training ? this.still : null;
    const still: Pass = { training: false, step: 0, penalties };
    const before = graph.outputs.map((output, i) =>
      (typeof logits === 'boolean' ? logits : logits[i]) ? makerOf(graph, output, training) : null,
    );
    const asked = new Set(graph.outputs.filter((_, i) => before[i] === null));
    const values = new Map(graph.inputs.map(({ name }, i) => [name, xs[i]!]));
    const unactivated = new Map<Node, Tensor>();
    for (const { node, stage, isRead, mover } of stages) {
      const inputs = node.inputs.map((name) => values.get(name)!) as [Tensor, ...Tensor[]];
      const isEnd = before.includes(node);
      const own = mover !== null && resting?.has(mover) === true ? still : pass;
      const y = run(inputs, stage, own, isEnd);
      if (isEnd) unactivated.set(node, y);
      const activation = isEnd && (isRead || asked.has(node.name)) ? activationIn(node) : null;
      values.set(node.name, activation === null ? y : activate(activation, y));
    }
    return graph.outputs.map((output, i) => (before[i] && unactivated.get(before[i])) ?? values.get(output)!);
  }

  /**
   * The activation that an output comes out of in training, or outside. They differ where Dropout comes last: in training
   * its zeros are the outputs.
   */
  outputActivation(training: boolean, output = 0): ActivationSpec {
    const { graph } = this.structure();
    return activationBefore(graph, graph.outputs[output]!, training);
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
    if (!Array.isArray(values))
      throw new ValueError('setWeights', 'the weights', 'a list of tensors, as getWeights() gives it', values);
    if (values.length !== own.length)
      throw new StateError('setWeights', `got ${values.length} tensors for ${own.length} weights`);
    for (const [i, weight] of own.entries()) weight.checkFits('setWeights', values[i]!);
    own.forEach((weight, i) => {
      assign(weight.value, values[i]!);
      weight.prune();
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
    const width = (column: 0 | 1 | 2): number => table.reduce((most, row) => Math.max(most, row[column].length), 0);
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
