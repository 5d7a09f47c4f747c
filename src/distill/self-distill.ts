import { add, mul, sub } from '../autograd/arithmetic.ts';
import { square } from '../autograd/elementwise.ts';
import { concat, detach, split } from '../autograd/movement.ts';
import { mean } from '../autograd/reductions.ts';
import { checkFlag, checkRange, ShapeError, StateError, ValueError } from '../base/errors.ts';
import { checkOptions, defined } from '../base/options.ts';
import { cloneModel } from '../compress/clone.ts';
import { ACTIVATION_FACTS, type ActivationSpec } from '../graph/activation.ts';
import { hasKernel } from '../graph/facts.ts';
import { activationBefore, makerOf } from '../graph/rewrite.ts';
import { checkModel } from '../nn/check-model.ts';
import type { Loss } from '../nn/losses.ts';
import { metricOf } from '../nn/metrics.ts';
import type { FitOptions, History, Model } from '../nn/model.ts';
import { choicesOf } from '../nn/objective.ts';
import { Adam, type Optimizer } from '../nn/optimizers.ts';
import { type Data, oneOrAll, tensorsOf } from '../nn/samples.ts';
import { tensorOfValues } from '../nn/values.ts';
import type { Tensor, Values } from '../tensor/tensor.ts';
import { checkTemperature } from './divergence.ts';
import { aliased, asOfStudent } from './figures.ts';
import { Parts, TaughtOutput } from './outputs.ts';
import { Member } from './teacher.ts';
import type { HeadBuilder } from './terms.ts';
import { TrainingNetwork } from './training-network.ts';

export interface SelfDistillOptions
  extends Pick<FitOptions, 'epochs' | 'batchSize' | 'callbacks' | 'shuffle' | 'verbose'> {
  /** A list for several inputs. */
  readonly x: Data;
  /** Labels or one-hot rows; numbers for regression. */
  readonly y: Values;
  readonly validationData?: readonly [x: Data, y: Values];
  /** Values inside of the network that are given a classifier: names of layers, or of nodes. */
  readonly exits: readonly string[];
  /** Softens the distributions of the exits and of the output. Default 3. */
  readonly temperature?: number;
  /** What an exit's divergence from the output weighs against its loss on the labels. Default 0.5. */
  readonly alpha?: number;
  /**
   * Weight of half the mean squared distance of an exit's features to those that the output is made of. Default 0.1; where the
   * output's last product reads no vector there are none to compare, and it may only be 0.
   */
  readonly features?: number;
  /** Whether the exits are kept, as further outputs of a second model. Default false. */
  readonly keepExits?: boolean;
  /** Default Adam. */
  readonly optimizer?: Optimizer;
}

const OPTIONS =
  'x y validationData exits temperature alpha features keepExits optimizer epochs batchSize callbacks shuffle verbose';

export interface SelfDistilled {
  /** As the given one, with other weights. */
  readonly model: Model;
  readonly history: History;
  /** With `keepExits`: the model with its exits as further outputs, in the order of `exits`. */
  readonly exits?: Model;
}

const RELU: ActivationSpec = { name: 'relu' };
/** An exit reads images averaged down to so many places a side at most. */
const PLACES = 4;

/**
 * Self-distillation (Zhang et al. 2019): inner values of a copy of the model get classifiers of their own, which learn, beside
 * the labels, the softened answers of the network's own output and the features that this is made of, as both are in that step;
 * gradients do not flow into the output from there. The output learns from the labels alone. Each exit counts 1 in the sum, as
 * (1 - alpha) times its loss on the labels, alpha·T²·KL(softmax(output/T) ‖ softmax(exit/T)), and the distance of features. An
 * exit is an average of the places of an image to at most 4x4, a Dense as wide as the last features with their activation (of 64
 * and relu where the output's last product reads no vector, and relu where theirs is not elementwise), and one of the classes;
 * it is gone afterwards. The history has the figures of the output by their plain names, and a loss of each exit.
 *
 * @example
 * const { model: learned, history } = selfDistill(model, { x, y, exits: ['dense'], epochs: 2 });
 * learned.layers.map(({ name }) => name); // [ 'dense', 'dropout', 'dense_1' ]
 * history.history.exit0_loss?.length; // 2
 */
export function selfDistill(model: Model, options: SelfDistillOptions): SelfDistilled {
  const op = 'selfDistill';
  checkModel(op, 'the model', model);
  checkOptions(op, options, OPTIONS);
  const { exits, temperature = 3, alpha = 0.5, features = 0.1, keepExits = false, optimizer = new Adam() } = options;
  checkTemperature(op, temperature);
  checkRange(op, 'alpha', alpha, 'between 0 and 1');
  checkRange(op, 'features', features, 'at least 0');
  checkFlag(op, 'keepExits', keepExits);
  if (!Array.isArray(exits) || exits.length === 0)
    throw new ValueError(op, 'exits', 'a list with a name of a layer at least', exits);
  if (model.outputCount > 1) throw new StateError(op, 'the model has several outputs, and one is distilled');
  const own = cloneModel(model);
  const { dtype } = own;
  const inputsOf = (given: Data, called: string): readonly Tensor[] =>
    tensorsOf(op, called, given, own.inputCount, {
      dtypes: own.inputDtypes,
      shapes: own.isBuilt ? own.inputShapes : [],
    });
  const xs = inputsOf(options.x, 'x');
  const y = tensorOfValues(op, 'y', options.y, dtype);
  if (!own.isBuilt) own.build(xs.map(({ shape }) => shape.slice(1)));
  if (own.outputShape.length !== 1)
    throw new ShapeError(op, [own.outputShape], 'the output must have one axis', 'Flatten or pool it before the end');
  const output = new TaughtOutput(own, model, [], 0, y);
  const lesson = { temperature, alpha, margin: null };
  const hard = new Parts(output.width, { labels: true, answers: false, isLabelled: false });
  const soft = new Parts(output.width, { labels: true, answers: true, isLabelled: false });
  const teach = output.loss(soft, lesson).call;
  const network = new TrainingNetwork(own);
  const last = lastFeatures(own, op);
  if (last === null && (options.features ?? 0) > 0)
    throw new ValueError(op, 'features', "0 or left out: the output's last product reads no vector", options.features);
  const values = new Member(op, own);
  const end = makerOf(own.graph, own.graph.outputs[0]!, false);
  const ends: string[] = [];
  const heads = exits.map((name, i) => {
    const value = values.value(`exits[${i}]`, name).name;
    if (makerOf(own.graph, value, false) === end)
      throw new ValueError(op, `exits[${i}]`, 'a value inside of the network, which is not its output', name);
    return network.add(`exit${i}`, value, [], (at) => {
      const [classes, own] = exitOf(at, output.width, last);
      ends.push(classes);
      return at.concat([
        classes,
        at.logits(),
        ...(features === 0 || last === null ? [] : [own, at.flatten(last.name)]),
      ]);
    });
  });
  const call: Loss['call'] = (labels, given) => {
    const rest = (given.shape[1]! - 2 * output.width) / 2;
    const [s, t, f, g] = split(given, [output.width, output.width, rest, rest], 1) as [Tensor, Tensor, Tensor, Tensor];
    const loss = teach(concat([labels, detach(t)], 1), s);
    return rest === 0 ? loss : add(loss, mul(mean(square(sub(f, detach(g))), { axis: 1 }), features / 2));
  };
  const trained = network.toModel();
  const plain = { loss: output.plain, metrics: [metricOf(output.metric)], replay: true };
  const given = model.isCompiled ? { ...choicesOf(model.objectives), replay: model.replay } : plain;
  trained.compile({
    optimizer,
    loss: [
      output.loss(hard, { ...lesson, alpha: 0 }),
      ...heads.map((): Loss => ({ name: 'custom', call, replayable: true })),
    ],
    metrics: [output.metrics(hard, true), ...heads.map(() => [])],
    replay: given.replay,
  });
  const targetsOf = (values: Tensor, inputs: readonly Tensor[], called: string): readonly Tensor[] => {
    if (values.shape[0] !== inputs[0]!.shape[0])
      throw new ShapeError(op, [inputs[0]!.shape, values.shape], 'x and y must have the same number of samples');
    const labels = output.pack(hard, output.labels(values, dtype, called), null, values.shape[0]!, dtype);
    return [labels, ...heads.map(() => labels)];
  };
  const { validationData, epochs, batchSize, callbacks, shuffle, verbose } = options;
  const rename = aliased(trained.outputNames[0]!);
  const held = (): Pick<FitOptions, 'validationData'> => {
    if (validationData === undefined) return {};
    const [x, targets] = validationData;
    const inputs = inputsOf(x, 'x of validationData');
    const own = targetsOf(tensorOfValues(op, 'y of validationData', targets, dtype), inputs, 'y of validationData');
    return { validationData: [oneOrAll(inputs), oneOrAll(own)] };
  };
  const history = trained.fit(oneOrAll(xs), oneOrAll(targetsOf(y, xs, 'y')), {
    ...defined({ epochs, batchSize, shuffle, verbose }),
    ...(callbacks && { callbacks: asOfStudent(callbacks, rename) }),
    ...held(),
  });
  network.takeBack(optimizer);
  own.compile({ optimizer: own.isCompiled ? own.optimizer : optimizer, ...given });
  const result = { model: own, history: { ...history, history: rename(history.history) } };
  if (!keepExits) return result;
  const early = network.endingIn(ends, own.outputActivation(false));
  early.compile({ optimizer: new Adam(), loss: output.plain, metrics: [metricOf(output.metric)] });
  return { ...result, exits: early };
}

/** What the output's last product reads, if it is a vector. */
interface Features {
  readonly name: string;
  readonly width: number;
  readonly activation: ActivationSpec;
}

function lastFeatures(model: Model, op: string): Features | null {
  const { graph } = model;
  let node = makerOf(graph, graph.outputs[0]!, false);
  while (node !== null && !hasKernel(node))
    node = node.inputs.length === 1 ? makerOf(graph, node.inputs[0]!, false) : null;
  if (node === null) return null;
  const { name, shape } = new Member(op, model).value('the last features', node.inputs[0]!);
  const activation = activationBefore(graph, name, false);
  return shape.length === 1 ? { name, width: shape[0]!, activation } : null;
}

/** Names of what an exit says, before the activation of the output, and of its own last features. */
function exitOf(at: HeadBuilder, classes: number, last: Features | null): readonly [logits: string, features: string] {
  const from = at.flatten(at.narrow(at.student, PLACES));
  const isFit = last !== null && ACTIVATION_FACTS[last.activation.name].isElementwise;
  const own = at.dense(from, last?.width ?? 64, isFit ? last.activation : RELU);
  return [at.dense(own, classes), own];
}
