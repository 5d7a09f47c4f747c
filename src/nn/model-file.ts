import {
  checkBytes,
  checkCount,
  checkFlag,
  checkOneOf,
  checkRange,
  FormatError,
  StateError,
  ValueError,
  WhittleError,
} from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import { floatsOf } from '../graph/check.ts';
import { factsOf } from '../graph/facts.ts';
import type { Graph, Node } from '../graph/graph.ts';
import type { Network } from '../graph/network.ts';
import { withoutUnread } from '../graph/rewrite.ts';
import { CODINGS } from '../io/code-weight.ts';
import type { FileCoding } from '../io/codes/code.ts';
import { checkSame, Fields, restOf } from '../io/fields.ts';
import type { JsonValue } from '../io/json.ts';
import { decodeNetwork, encodeNetwork } from '../io/network-file.ts';
import type { SafeTensor } from '../io/safetensors.ts';
import { type Constraint, constraintByName } from './constraints.ts';
import { type Initializer, initializerByName, isInitializerName } from './initializers.ts';
import { isTrained } from './layer-graph.ts';
import { Dense, Dropout, type Layer } from './layers.ts';
import { type Loss, lossByName } from './losses.ts';
import type { Metric } from './metric.ts';
import { type MetricName, metricByName, metricOf } from './metrics.ts';
import type { Callback, CompileOptions, Model } from './model.ts';
import { putState, takeSlots } from './model-state.ts';
import { checkHeld, fromNetwork, fromNetworkLayer, layerOwners, toNetworkFor } from './network.ts';
import { isNamedOptimizer, optimizerByName } from './optimizers.ts';
import type { Parameter } from './parameter.ts';
import { type Recipe, recipeOf } from './recipes.ts';
import { l1l2, type Regularizer } from './regularizers.ts';
import { putStates, restoreStates, takeStates } from './resume.ts';
import { type Constraints, checkForms, checkGiven, constraintsOf, type WeightRules } from './rules.ts';
import { oneOrAll } from './samples.ts';

/**
 * A model in one safetensors file: the network (io/network-file.ts), and under the metadata key `training` what it
 * takes to go on training to the bit: seed, steps, epochs, what the network does not tell of its layers, loss, metrics, optimizer with
 * its slots as tensors `optimizer/<layer>/<role>/<slot>`. What the library made is written as its name and options. Code of
 * the user's own has no place in a file: saving it is an error, or leaves it out where that is asked for.
 */
const FORMAT = 'model file';
const KEY = 'training';
const CUSTOM = 'custom';

export interface SaveOptions {
  /**
   * Leave out what `compile` gave, which is more than half of the file: optimizer with its state, losses, metrics. What is
   * loaded is the same model, not compiled. Default false.
   */
  readonly weightsOnly?: boolean;
  /**
   * Leave out what is code of your own, in place of an error that names it: losses, metrics and a schedule, which can be given
   * again after loading; an optimizer, and with it all that `compile` gave; initializers and constraints. Default false.
   */
  readonly withoutCode?: boolean;
  /** What weights are coded with, as in `encodeNetwork`. The optimizer's state is not. Default none. */
  readonly coding?: FileCoding;
  /** Callbacks whose states go with the model, for `loadModel`: those that have `state` and `restore`. Default none. */
  readonly callbacks?: readonly Callback[];
}

/**
 * The file of a built model. Throws StateError for what no file can hold, by name.
 *
 * @example
 * const bytes = saveModel(model); // writeFileSync('model.safetensors', bytes)
 * loadModel(bytes).evaluate(x, y).accuracy; // 1
 * saveModel(model, { weightsOnly: true }).length < bytes.length / 2; // true
 */
export function saveModel(model: Model, options: SaveOptions = {}): Uint8Array<ArrayBuffer> {
  checkOptions('saveModel', options, 'weightsOnly withoutCode coding callbacks');
  const network = toNetworkFor('saveModel', model);
  const { text, tensors } = trainingOf(model, options);
  return encodeNetwork(network, {
    metadata: { [KEY]: text },
    tensors,
    ...(options.coding && { coding: options.coding }),
  });
}

/** Throws what `saveModel` would, before a training that is to be saved. */
export function checkSavable(model: Model, options: SaveOptions): void {
  checkHeld('saveModel', model);
  trainingOf(model, options);
}

type Refuse = (what: string, rest?: string) => void;

function trainingOf(model: Model, options: SaveOptions) {
  const { weightsOnly = false, withoutCode = false, coding = 'none', callbacks = [] } = options;
  checkFlag('saveModel', 'weightsOnly', weightsOnly);
  checkOneOf('saveModel', 'coding', coding, CODINGS);
  checkFlag('saveModel', 'withoutCode', withoutCode);
  const refuse: Refuse = (what, rest = '') => {
    if (withoutCode) return;
    throw new StateError('saveModel', `${what} is code, which no file holds. withoutCode: true leaves it out${rest}`);
  };
  const graph = withoutUnread(model.graph);
  const nodes = [...layerOwners('saveModel', graph)].flatMap(([node, owner]) => (node === owner ? [node] : []));
  const { frozen } = model;
  const records = nodes.map((node): [string, object] => {
    const layer = model.layerOf(node.name);
    const isStill = !layer.movesStatistics && { movesStatistics: false };
    return [
      node.name,
      { ...(frozen.has(layer) && { trainable: false }), ...isStill, ...recordOf(node, layer, graph, refuse) },
    ];
  });
  const layers = Object.fromEntries(records.filter(([, record]) => Object.keys(record).length > 0));
  checkCount('saveModel', 'model.steps', model.steps, 0);
  checkCount('saveModel', 'model.epochs', model.epochs, 0);
  const training: Record<string, unknown> = { seed: model.seed, steps: model.steps, epochs: model.epochs, layers };
  const means = model.weights.filter(({ sharing }) => sharing?.gradient === 'mean').map(({ name }) => name);
  if (means.length > 0) training.meanGradients = means; // of shared weights
  const tensors = new Map<string, SafeTensor>();
  if (model.isCompiled && !weightsOnly) {
    const { optimizer, objectives } = model;
    if (isNamedOptimizer(optimizer)) {
      if (optimizer.hasSchedule) refuse('the schedule of the learning rate', ' and keeps the rate of the next step');
      checkRange('saveModel', 'the learning rate', optimizer.learningRate, 'at least 0');
      training.optimizer = { ...optimizer.config(), ...putState(model, nodes, graph, tensors) };
      training.loss = oneOrAll(objectives.map(({ loss }) => lossRecord(loss, refuse)));
      training.metrics = oneOrAll(
        objectives.map(({ metrics }) => metrics.flatMap((each) => metricRecord(each, refuse))),
      );
      if (objectives.some(({ weight }) => weight !== 1)) training.lossWeights = objectives.map(({ weight }) => weight);
      if (!model.replay) training.replay = false;
    } else refuse(`the optimizer ${optimizer.constructor.name}`);
  }
  const states = putStates('saveModel', callbacks, tensors);
  if (states.length > 0 && weightsOnly)
    throw new ValueError('saveModel', 'callbacks', 'left out with weightsOnly: true', callbacks);
  if (states.length > 0) training.callbacks = states;
  const text = JSON.stringify(training, (field, value: unknown) => {
    if (typeof value === 'number' && !Number.isFinite(value))
      throw new StateError('saveModel', `${field} is ${value}, which no file holds`);
    return value;
  });
  return { text, tensors };
}

function lossRecord(loss: Loss, refuse: Refuse): Recipe {
  const recipe = recipeOf(loss);
  if (recipe === undefined) refuse(`the loss ${loss.name}`);
  return recipe ?? { name: CUSTOM };
}

function metricRecord(metric: Metric, refuse: Refuse): (string | Recipe)[] {
  const recipe = recipeOf(metric);
  if (recipe === undefined) refuse(`the metric ${metric.name}`);
  return recipe === undefined ? [] : [metric.options === undefined ? metric.name : recipe];
}

/** What the network does not tell of the weights of a layer, and does not go without saying. */
function recordOf({ weights }: Node, layer: Layer, graph: Graph<Parameter>, refuse: Refuse): object {
  const record: Record<string, unknown> = {};
  for (const [role, key] of Object.entries(weights)) {
    const { regularizer, constraint } = graph.weights.get(key)!;
    const rule = constraint && recipeOf(constraint);
    if (rule === undefined) refuse(`the constraint ${constraint!.name} of ${key}`);
    if (rule) record[`${role}Constraint`] = rule;
    if (regularizer !== null) record[`${role}Regularizer`] = regularizer;
    const initializer = `${role}Initializer`;
    const choice = (layer.rules as Readonly<Record<string, Initializer | undefined>> | null)?.[initializer];
    if (choice === undefined) continue;
    const held = typeof choice === 'function' ? recipeOf(choice) : choice;
    if (held === undefined) refuse(`the ${initializer} of layer ${layer.name}`);
    else record[initializer] = held;
  }
  return record;
}

export interface LoadOptions {
  /** Stands for the file's loss: how a model with a loss of your own goes on training. */
  readonly loss?: CompileOptions['loss'];
  /** Stand for the file's metrics. */
  readonly metrics?: CompileOptions['metrics'];
  /** By name of a weight, such as `dense/kernel`: stand for the file's constraints of these weights. */
  readonly constraints?: Constraints;
  /**
   * New callbacks that go on where those were which the file holds states of, in their order, in the next fit: give it
   * `initialEpoch` and them. Callbacks without states are passed over. Default: states in the file are left alone.
   */
  readonly callbacks?: readonly Callback[];
}

/**
 * The model of a file that `saveModel` wrote, compiled as it was. What was code of your own and left out is given again: a
 * loss, metrics and constraints by `options` (without the loss the model is not compiled, and `fit` asks for it), a schedule by
 * setting `optimizer.learningRate`, which until then is what the schedule had come to. The bytes are not trusted: whatever is
 * wrong with them is a WhittleError, before any large allocation.
 *
 * @example
 * const again = loadModel(saveModel(model)); // to the bit, optimizer and all
 */
export function loadModel(bytes: Uint8Array, options: LoadOptions = {}): Model {
  checkOptions('loadModel', options, 'loss metrics constraints callbacks');
  checkBytes('loadModel', 'the file', bytes);
  const { constraints = {} } = options;
  if (typeof constraints !== 'object' || constraints === null)
    throw new ValueError('loadModel', 'constraints', 'an object of them by names of weights', constraints);
  checkForms(constraints);
  const { network, metadata, tensors } = decodeNetwork(bytes);
  const text = metadata.get(KEY);
  if (text === undefined) {
    checkNothingLeft(tensors);
    const made = { dtype: floatsOf(network) };
    const model = fromNetwork(network, made, (_, i) => layerOf(network, i, undefined, constraints));
    checkGiven('loadModel', constraints, model.weights);
    restoreStates('loadModel', options.callbacks ?? [], [], model);
    return model;
  }
  const root = Fields.parse(text, KEY, FORMAT);
  const seed = root.count('seed');
  const dtype = floatsOf(network);
  if (root.has('dtype') && root.text('dtype') !== dtype) return root.fail('dtype', 'is not that of the weights');
  const steps = root.count('steps');
  const epochs = root.has('epochs') ? root.count('epochs') : 0; // older files do not say
  const isNumbered = Array.isArray(root.others().get('layers'));
  const records = takeRecords(root, network);
  const layerAt = (node: Node, i: number): Layer => {
    const layer = reading(() => layerOf(network, i, records.get(node.name), constraints));
    records.delete(node.name);
    return layer;
  };
  const model = fromNetwork(network, { seed, dtype }, layerAt);
  for (const name of records.keys()) root.fail(`layers.${name.slice(0, 60)}`, 'belongs to no layer');
  checkGiven('loadModel', constraints, model.weights);
  for (const key of root.has('meanGradients') ? root.texts('meanGradients') : []) {
    const weight = model.graph.weights.get(key);
    if (!weight?.sharing) return root.fail('meanGradients', `${key.slice(0, 60)} is no shared weight`);
    weight.sharing = { ...weight.sharing, gradient: 'mean' };
  }
  model.steps = steps;
  model.epochs = epochs;
  if (root.has('optimizer') || root.has('loss'))
    reading(() => restoreTraining(model, root, tensors, isNumbered, options));
  const states = takeStates(root, tensors);
  root.done();
  checkNothingLeft(tensors);
  if (options.callbacks !== undefined) restoreStates('loadModel', options.callbacks, states, model);
  return model;
}

function checkNothingLeft(tensors: ReadonlyMap<string, SafeTensor>): void {
  for (const name of tensors.keys()) throw new FormatError(FORMAT, name.slice(0, 60), 'the tensor belongs to nothing');
}

/** The records of layers by name. Files of version 1 have a list, in the order of the layers. */
function takeRecords(root: Fields, { nodes }: Network): Map<string, Fields> {
  if (Array.isArray(root.others().get('layers'))) {
    const items = root.objects('layers');
    if (items.length !== nodes.length) return root.fail('layers', `must be ${nodes.length} objects`);
    return new Map(nodes.map(({ name }, i) => [name, items[i]!]));
  }
  const layers = root.inner('layers');
  return new Map([...layers.others().keys()].map((name) => [name, layers.inner(name)]));
}

/** The layer of a node, with what its record says. */
function layerOf(network: Network, index: number, fields: Fields | undefined, given: Constraints): Layer {
  const plain = fromNetworkLayer(network, index);
  const node = network.nodes[index]!;
  const own = constraintsOf(node, given);
  if (fields === undefined) return own === null ? plain : fromNetworkLayer(network, index, { rules: own });
  const trainable = !fields.has('trainable') || fields.flag('trainable');
  let layer =
    plain.rules === null ? plain : fromNetworkLayer(network, index, { rules: { ...takeRules(fields, node), ...own } });
  if (layer instanceof Dropout && fields.has('training'))
    layer = new Dropout(layer.rate, { ...layer.options, training: fields.flag('training') }); // version 1 has it here
  if (layer instanceof Dense && fields.has('activityRegularizer'))
    layer = new Dense(layer.units, {
      ...layer.options,
      activityRegularizer: takePenalty(fields, 'activityRegularizer'),
    });
  const movesStatistics = !fields.has('movesStatistics') || fields.flag('movesStatistics');
  fields.done();
  return Object.assign(layer, { trainable, movesStatistics });
}

function takeRules(fields: Fields, node: Node): WeightRules {
  type Rule = Regularizer | Initializer | Constraint;
  const rules: Record<string, Rule> = {};
  const take = <T extends Rule>(name: string, from: (fields: Fields, name: string) => T): void => {
    if (fields.has(name)) rules[name] = from(fields, name);
  };
  const roles = factsOf(node).weights ?? {};
  for (const role of Object.keys(node.weights)) {
    take(`${role}Initializer`, takeInitializer);
    if (roles[role]?.isStatistic === true) continue; // begins as it is told, and no step brings it to anything
    take(`${role}Regularizer`, takePenalty);
    take(`${role}Constraint`, (from, name) => remade(from.inner(name), constraintByName));
  }
  return rules as WeightRules;
}

function takePenalty(fields: Fields, name: string): Regularizer {
  const inner = fields.inner(name);
  const penalty = { l1: inner.number('l1'), l2: inner.number('l2') };
  inner.done();
  return l1l2(penalty);
}

function takeInitializer(fields: Fields, name: string): Initializer {
  if (typeof fields.others().get(name) !== 'string') return remade(fields.inner(name), initializerByName);
  const choice = fields.text(name);
  return isInitializerName(choice) ? choice : fields.fail(name, 'must name an initializer');
}

/** What a record tells how to make. It must say of itself what the record says, no more and no less. */
function remade<T extends object>(
  fields: Fields,
  make: (name: string, options: Recipe) => T,
  recipe: (thing: T) => Recipe = (thing) => recipeOf(thing)!,
): T {
  const { name, ...options } = restOf(fields);
  const thing = typeof name === 'string' ? make(name, options) : fields.fail('name', 'must be a string');
  checkSame(fields, recipe(thing));
  return thing;
}

/** An error of what is made of the file is one of the file. */
function reading<T>(make: () => T, field = KEY): T {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof WhittleError) || error instanceof FormatError) throw error;
    throw new FormatError(FORMAT, field, error.message);
  }
}

function restoreTraining(
  model: Model,
  root: Fields,
  tensors: Map<string, SafeTensor>,
  isNumbered: boolean,
  given: LoadOptions,
): void {
  const config = root.inner('optimizer');
  const scalars = restOf(config.inner('scalars')) as Record<string, number>; // `restore` checks them
  const own = config.has('powers') ? config.inner('powers') : null;
  const optimizer = remade(config, optimizerByName, (made) => made.config());
  const parameters = model.weights.filter(isTrained);
  const slots = parameters.map((p, i) => takeSlots(p, isNumbered ? i : p.name, tensors));
  const powers = parameters.map(({ name }) => (own?.has(name) ? own.numbers(name) : null));
  own?.done();
  optimizer.restore(parameters, { scalars, slots, powers });
  const replay = !root.has('replay') || root.flag('replay');
  const losses = root.take('loss');
  const metrics = root.take('metrics');
  const loss = given.loss ?? lossesIn(losses, model.outputCount);
  const judges = given.metrics ?? metricsIn(metrics, model.outputCount);
  const lossWeights = root.has('lossWeights') ? { lossWeights: root.numbers('lossWeights') } : {};
  if (loss !== null) model.compile({ optimizer, replay, loss, metrics: judges, ...lossWeights });
}

/** What each output is trained for; null where a file cannot hold that. */
function lossesIn(value: JsonValue, outputs: number): Loss[] | null {
  const losses = each('loss', value, outputs).map(([item, path]) => {
    const fields = new Fields(item, path, FORMAT);
    if (restOf(fields).name !== CUSTOM) return remade(fields, lossByName);
    checkSame(fields, { name: CUSTOM });
    return null;
  });
  const known = losses.filter((loss) => loss !== null);
  return known.length < losses.length ? null : known;
}

/** What each output is judged by. */
function metricsIn(value: JsonValue, outputs: number): Metric[][] {
  const metricIn = (item: JsonValue, path: string): Metric =>
    typeof item === 'string' ? metricOf(item as MetricName) : remade(new Fields(item, path, FORMAT), metricByName);
  return each('metrics', value, outputs).map(([list, path]) =>
    listIn(list, path).map((item, i) => reading(() => metricIn(item, `${path}[${i}]`), `${path}[${i}]`)),
  );
}

/** What is said of each output, and where: of one there is no list. */
function each(field: string, value: JsonValue, outputs: number): [value: JsonValue, path: string][] {
  const path = `${KEY}.${field}`;
  if (outputs === 1) return [[value, path]];
  const items = listIn(value, path);
  if (items.length !== outputs) throw new FormatError(FORMAT, path, `must be a list of ${outputs}`);
  return items.map((item, i) => [item, `${path}[${i}]`]);
}

function listIn(value: JsonValue, path: string): JsonValue[] {
  if (!Array.isArray(value)) throw new FormatError(FORMAT, path, 'must be a list');
  return value;
}
