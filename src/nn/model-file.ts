import { FormatError, WhittleError } from '../base/errors.ts';
import { defined } from '../base/options.ts';
import { sameShape } from '../base/shape.ts';
import type { Node } from '../graph/graph.ts';
import type { Network } from '../graph/network.ts';
import { Fields } from '../io/fields.ts';
import type { JsonValue } from '../io/json.ts';
import { decodeNetwork, encodeNetwork } from '../io/network-file.ts';
import type { SafeTensor } from '../io/safetensors.ts';
import type { FloatDType } from '../memory/dtype.ts';
import { fromData, type Tensor } from '../tensor/tensor.ts';
import { type Initializer, type InitializerName, isInitializerName } from './initializers.ts';
import { Dense, Dropout, type Layer, type WeightRules } from './layers.ts';
import { isNamedLoss, type Loss, lossByName } from './losses.ts';
import { isNamedMetric, type MetricName } from './metrics.ts';
import type { CompileOptions, Model } from './model.ts';
import { fromNetwork, fromNetworkLayer, toNetworkFor } from './network.ts';
import { isNamedOptimizer, optimizerByName } from './optimizers.ts';
import type { Parameter } from './parameter.ts';
import { type Regularizer, regularizer } from './regularizers.ts';
import { oneOrAll } from './samples.ts';

/**
 * A model in one safetensors file: the network (io/network-file.ts), and under the metadata key `training` what it
 * takes to go on training to the bit: seed, steps, epochs, regularizers, loss, metrics, optimizer with its slots as tensors
 * `optimizer/<weight>/<slot>`; and names of initializers, for clones of the layers. What is code stays out: losses,
 * metrics, optimizers and initializers of the user's own, and schedules, of which the rate of the next step is kept.
 */
const FORMAT = 'model file';
const KEY = 'training';
const CUSTOM = 'custom';

export interface SaveOptions {
  /** The network alone: smaller, but what is loaded is not compiled, and its optimizer starts anew. Default false. */
  readonly weightsOnly?: boolean;
}

/** The file of a built model. */
export function saveModel(model: Model, { weightsOnly = false }: SaveOptions = {}): Uint8Array<ArrayBuffer> {
  const network = toNetworkFor('saveModel', model);
  if (weightsOnly) return encodeNetwork(network);
  const tensors = new Map<string, SafeTensor>();
  const records = model.layers.map((layer): [string, object] => [layer.name, recordOf(layer, model.frozen.has(layer))]);
  const layers = Object.fromEntries(records.filter(([, record]) => Object.keys(record).length > 0));
  const training: Record<string, unknown> = { seed: model.seed, steps: model.steps, epochs: model.epochs, layers };
  if (model.isCompiled && isNamedOptimizer(model.optimizer)) {
    const { optimizer, objectives } = model;
    const { scalars, slots, powers } = optimizer.state(model.weights);
    slots.forEach((own, i) => {
      const key = model.weights[i]!.name;
      for (const [slot, t] of Object.entries(own)) {
        const data = t.data as Float32Array | Float64Array;
        tensors.set(`optimizer/${key}/${slot}`, { dtype: t.dtype === 'float64' ? 'F64' : 'F32', shape: t.shape, data });
      }
    });
    const own = powers?.map((each, i): [string, unknown] => [model.weights[i]!.name, each ?? undefined]);
    training.optimizer = { ...optimizer.config(), scalars, ...(own && { powers: Object.fromEntries(own) }) };
    training.loss = oneOrAll(objectives.map(({ loss }) => lossRecord(loss)));
    training.metrics = oneOrAll(objectives.map(({ metrics }) => metrics.map(({ name }) => name)));
    if (objectives.some(({ weight }) => weight !== 1)) training.lossWeights = objectives.map(({ weight }) => weight);
    if (!model.replay) training.replay = false;
  }
  return encodeNetwork(network, { metadata: { [KEY]: JSON.stringify(training) }, tensors });
}

const lossRecord = ({ name, options }: Loss): object => (isNamedLoss(name) ? { name, ...options } : { name: CUSTOM });

/** What the network does not tell of a layer, and does not go without saying. */
function recordOf(layer: Layer, isFrozen: boolean): object {
  const trainable = isFrozen ? false : undefined;
  const { kernelRegularizer, biasRegularizer, kernelInitializer, biasInitializer } = layer.rules ?? {};
  const rules = defined({ kernelRegularizer, biasRegularizer });
  const made = Object.fromEntries(Object.entries(rules).map(([name, rule]) => [name, regularizer(rule)]));
  const named = (choice: Initializer | undefined): string | undefined =>
    typeof choice === 'function' ? undefined : choice;
  const initializers = { kernelInitializer: named(kernelInitializer), biasInitializer: named(biasInitializer) };
  return { ...made, ...defined({ trainable, ...initializers }) };
}

export interface LoadOptions {
  /** Stands for the file's loss: how a model with a loss of your own goes on training. */
  readonly loss?: CompileOptions['loss'];
  /** Stand for the file's metrics. */
  readonly metrics?: CompileOptions['metrics'];
}

/**
 * The model of a file that `saveModel` wrote, compiled as it was, but for a schedule, which is code: the learning rate stays
 * what it was in the last step until `compile` gives the schedule again. A model with a loss of the user's own is compiled only
 * if `options.loss` gives it again; without it `fit` asks for `compile`, as it does with an optimizer of their own. The
 * bytes are not trusted: whatever is wrong with them is a WhittleError, before any large allocation.
 */
export function loadModel(bytes: Uint8Array, options: LoadOptions = {}): Model {
  const { network, metadata, tensors } = decodeNetwork(bytes);
  const text = metadata.get(KEY);
  if (text === undefined) {
    checkNothingLeft(tensors);
    return fromNetwork(network, { dtype: dtypeOf(network) });
  }
  const root = Fields.parse(text, KEY, FORMAT);
  const seed = root.count('seed');
  const dtype = dtypeOf(network);
  if (root.has('dtype') && root.text('dtype') !== dtype) return root.fail('dtype', 'is not that of the weights');
  const steps = root.count('steps');
  const epochs = root.has('epochs') ? root.count('epochs') : 0; // older files do not say
  const isNumbered = root.isList('layers');
  const records = takeRecords(root, network);
  const layerAt = (node: Node, i: number): Layer => layerOf(network, i, records.get(node.name));
  const model = fromNetwork(network, { seed, dtype }, layerAt);
  model.steps = steps;
  model.epochs = epochs;
  if (root.has('optimizer')) restoreTraining(model, root, tensors, isNumbered, options);
  root.done();
  checkNothingLeft(tensors);
  return model;
}

function checkNothingLeft(tensors: ReadonlyMap<string, SafeTensor>): void {
  for (const name of tensors.keys()) throw new FormatError(FORMAT, name.slice(0, 60), 'the tensor belongs to nothing');
}

type Slots = Record<string, Tensor>;

const dtypeOf = ({ inputs }: Network): FloatDType => (inputs[0]!.dtype === 'float64' ? 'float64' : 'float32');

/** The records of layers by name. Files of version 1 have a list, in the order of the layers. */
function takeRecords(root: Fields, { nodes }: Network): ReadonlyMap<string, Fields> {
  if (root.isList('layers')) {
    const items = root.list('layers');
    if (items.length !== nodes.length) return root.fail('layers', `must be ${nodes.length} objects`);
    return new Map(nodes.map(({ name }, i) => [name, new Fields(items[i]!, `${KEY}.layers[${i}]`, FORMAT)]));
  }
  const layers = root.inner('layers');
  const known = nodes.filter(({ name }) => layers.has(name));
  const records = new Map(known.map(({ name }) => [name, layers.inner(name)]));
  layers.done();
  return records;
}

/** The layer of a node, with what its record says. */
function layerOf(network: Network, index: number, fields: Fields | undefined): Layer {
  const plain = fromNetworkLayer(network, index);
  if (fields === undefined) return plain;
  const trainable = !fields.has('trainable') || fields.flag('trainable');
  let layer = plain.rules === null ? plain : fromNetworkLayer(network, index, { rules: takeRules(fields) });
  if (layer instanceof Dropout && fields.has('training'))
    layer = new Dropout(layer.rate, { ...layer.options, training: fields.flag('training') }); // version 1 has it here
  if (layer instanceof Dense && fields.has('activityRegularizer'))
    layer = new Dense(layer.units, {
      ...layer.options,
      activityRegularizer: takePenalty(fields, 'activityRegularizer'),
    });
  fields.done();
  layer.trainable = trainable;
  return layer;
}

function takeRules(fields: Fields): WeightRules {
  const rules: Record<string, Regularizer | InitializerName> = {};
  for (const name of ['kernelRegularizer', 'biasRegularizer'])
    if (fields.has(name)) rules[name] = takePenalty(fields, name);
  for (const name of ['kernelInitializer', 'biasInitializer']) {
    if (!fields.has(name)) continue;
    const choice = fields.text(name);
    rules[name] = isInitializerName(choice) ? choice : fields.fail(name, 'must name an initializer');
  }
  return rules as WeightRules;
}

function takePenalty(fields: Fields, name: string): Regularizer {
  const inner = fields.inner(name);
  const penalty = { l1: inner.number('l1'), l2: inner.number('l2') };
  inner.done();
  return penalty;
}

function restoreTraining(
  model: Model,
  root: Fields,
  tensors: Map<string, SafeTensor>,
  isNumbered: boolean,
  given: LoadOptions,
): void {
  const config = root.inner('optimizer');
  const savedScalars = config.inner('scalars').rest();
  const scalars: Record<string, number> = {};
  for (const [name, value] of Object.entries(savedScalars)) {
    scalars[name] = Number.isFinite(value) ? (value as number) : config.fail('scalars', `${name} must be a number`);
  }
  const own = config.has('powers') ? config.inner('powers') : null;
  const powers = model.weights.map(({ name }) => (own?.has(name) ? own.shape(name) : null));
  own?.done();
  const choices = choicesIn(root);
  const replay = !root.has('replay') || root.flag('replay');
  const name = config.text('name');
  const options = config.rest();
  const parameters = model.weights;
  const slots = parameters.map((p, i) => takeSlots(p, isNumbered ? i : p.name, tensors));
  try {
    const optimizer = optimizerByName(name, options);
    optimizer.restore(parameters, { scalars, slots, powers });
    const loss = given.loss ?? choices.loss();
    const { metrics = choices.metrics } = given;
    const { lossWeights } = choices;
    if (loss !== null) model.compile({ optimizer, replay, loss, metrics, ...(lossWeights && { lossWeights }) });
  } catch (error) {
    if (error instanceof WhittleError) throw new FormatError(FORMAT, KEY, error.message);
    throw error;
  }
}

interface Choices {
  readonly metrics: MetricName[] | MetricName[][];
  readonly lossWeights: readonly number[] | null;
  readonly loss: () => Loss[] | null;
}

/** What is trained for; `loss` gives null where a file cannot hold it. Of several outputs there are lists. */
function choicesIn(root: Fields): Choices {
  const losses = root.isList('loss')
    ? root.list('loss').map((item, i) => new Fields(item, `${KEY}.loss[${i}]`, FORMAT).rest())
    : [root.inner('loss').rest()];
  const namesIn = (list: readonly JsonValue[]): MetricName[] =>
    list.map((name) => (typeof name === 'string' ? name : root.fail('metrics', 'must be names'))).filter(isNamedMetric);
  const given = root.list('metrics');
  const isNested = given.length > 0 && given.every((each) => Array.isArray(each));
  const metrics = isNested ? given.map(namesIn) : namesIn(given);
  const weights = root.has('lossWeights') ? root.list('lossWeights') : null;
  const lossWeights =
    weights?.map((weight) => (typeof weight === 'number' ? weight : root.fail('lossWeights', 'must be numbers'))) ??
    null;
  const loss = (): Loss[] | null =>
    losses.some(({ name }) => name === CUSTOM)
      ? null
      : losses.map(({ name, ...options }) => lossByName(String(name), options as Record<string, number | boolean>));
  return { metrics, lossWeights, loss };
}

/** The optimizer's tensors for a weight: by its name, or by its number in files of version 1. */
function takeSlots({ shape }: Parameter, key: string | number, tensors: Map<string, SafeTensor>): Slots {
  const own: Slots = Object.create(null);
  const prefix = `optimizer/${key}/`;
  for (const [name, { shape: held, data }] of [...tensors]) {
    if (!name.startsWith(prefix) || name.includes('/', prefix.length)) continue;
    if (!sameShape(held, shape) || (!(data instanceof Float32Array) && !(data instanceof Float64Array))) {
      throw new FormatError(FORMAT, name.slice(0, 60), 'does not fit its parameter');
    }
    own[name.slice(prefix.length)] = fromData(data, held);
    tensors.delete(name);
  }
  return own;
}
