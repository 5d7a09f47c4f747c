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
import { type InitializerName, isInitializerName } from './initializers.ts';
import { Dense, type DenseOptions, Dropout, type Layer } from './layers.ts';
import { isNamedLoss, lossByName } from './losses.ts';
import { isNamedMetric } from './metrics.ts';
import { fromNetwork, fromNetworkLayer, toNetwork } from './network.ts';
import { isNamedOptimizer, optimizerByName } from './optimizers.ts';
import { type Regularizer, regularizer } from './regularizers.ts';
import type { CompileOptions, Sequential } from './sequential.ts';

/**
 * A model in one safetensors file: the network (io/network-file.ts), and under the metadata key `training` what it
 * takes to go on training to the bit: seed, steps, regularizers, loss, metrics, optimizer with its slots as tensors
 * `optimizer/<parameter number>/<slot>`; and names of initializers, for clones of the layers. What is code stays out: losses,
 * metrics, optimizers and initializers of the user's own, and schedules, of which the rate of the next step is kept.
 */
const FORMAT = 'model file';
const KEY = 'training';
const CUSTOM = 'custom';

export interface SaveOptions {
  /** Leave out the optimizer's state: smaller, but training starts it anew. Default false. */
  readonly weightsOnly?: boolean;
}

/** The file of a built model. */
export function saveModel(model: Sequential, { weightsOnly = false }: SaveOptions = {}): Uint8Array<ArrayBuffer> {
  const network = toNetwork(model);
  if (weightsOnly) return encodeNetwork(network);
  const tensors = new Map<string, SafeTensor>();
  const layers = model.layers.map((layer) => ({ trainable: layer.trainable, ...layerExtras(layer) }));
  const training: Record<string, unknown> = { seed: model.seed, dtype: model.dtype, steps: model.steps, layers };
  if (model.isCompiled && isNamedOptimizer(model.optimizer)) {
    const { optimizer, loss, metrics } = model;
    const { scalars, slots } = optimizer.state(model.weights);
    slots.forEach((own, i) => {
      for (const [name, t] of Object.entries(own)) {
        const data = t.data as Float32Array | Float64Array;
        tensors.set(`optimizer/${i}/${name}`, { dtype: t.dtype === 'float64' ? 'F64' : 'F32', shape: t.shape, data });
      }
    });
    training.optimizer = { ...optimizer.config(), scalars };
    training.loss = isNamedLoss(loss.name) ? { name: loss.name, ...loss.options } : { name: CUSTOM };
    training.metrics = metrics.map((metric) => metric.name);
    if (!model.replay) training.replay = false;
  }
  return encodeNetwork(network, { metadata: { [KEY]: JSON.stringify(training) }, tensors });
}

function layerExtras(layer: Layer): object {
  if (layer instanceof Dropout) return { training: layer.options.training === true };
  if (!(layer instanceof Dense)) return {};
  const { kernelRegularizer, biasRegularizer, activityRegularizer, kernelInitializer, biasInitializer } = layer.options;
  const rules = defined({ kernelRegularizer, biasRegularizer, activityRegularizer });
  const made = Object.fromEntries(Object.entries(rules).map(([name, rule]) => [name, regularizer(rule)]));
  return { ...made, kernelInitializer, biasInitializer }; // JSON leaves functions out
}

export interface LoadOptions {
  /** Stands for the file's loss: how a model with a loss of your own goes on training. */
  readonly loss?: CompileOptions['loss'];
  /** Stand for the file's metrics. */
  readonly metrics?: CompileOptions['metrics'];
}

/**
 * The model of a file that `saveModel` wrote, compiled as it was. A model with a loss of the user's own is compiled only
 * if `options.loss` gives it again; without it `fit` asks for `compile`, as it does with an optimizer of their own. The
 * bytes are not trusted: whatever is wrong with them is a WhittleError, before any large allocation.
 */
export function loadModel(bytes: Uint8Array, options: LoadOptions = {}): Sequential {
  const { network, metadata, tensors } = decodeNetwork(bytes);
  const text = metadata.get(KEY);
  if (text === undefined) {
    checkNothingLeft(tensors);
    return fromNetwork(network, { dtype: dtypeOf(network) });
  }
  const root = Fields.parse(text, KEY, FORMAT);
  const seed = root.count('seed');
  const dtype = root.text('dtype');
  if (dtype !== 'float32' && dtype !== 'float64') return root.fail('dtype', 'must be float32 or float64');
  if (dtype !== dtypeOf(network)) return root.fail('dtype', 'is not that of the weights');
  const steps = root.count('steps');
  const extras = root.list('layers');
  if (extras.length !== network.nodes.length) return root.fail('layers', `must be ${network.nodes.length} objects`);
  const layerAt = (_: Node, i: number): Layer => withExtras(fromNetworkLayer(network, i), extras[i]!, i);
  const model = fromNetwork(network, { seed, dtype }, layerAt);
  model.steps = steps;
  if (root.has('optimizer')) restoreTraining(model, root, tensors, options);
  root.done();
  checkNothingLeft(tensors);
  return model;
}

function checkNothingLeft(tensors: ReadonlyMap<string, SafeTensor>): void {
  for (const name of tensors.keys()) throw new FormatError(FORMAT, name.slice(0, 60), 'the tensor belongs to nothing');
}

const dtypeOf = ({ inputs }: Network): FloatDType => (inputs[0]!.dtype === 'float64' ? 'float64' : 'float32');

function withExtras(layer: Layer, value: JsonValue, index: number): Layer {
  const fields = new Fields(value, `${KEY}.layers[${index}]`, FORMAT);
  const trainable = fields.flag('trainable');
  let made = layer;
  if (made instanceof Dense) {
    const extras: Record<string, Regularizer | InitializerName> = {};
    for (const rule of ['kernelRegularizer', 'biasRegularizer', 'activityRegularizer']) {
      if (!fields.has(rule)) continue;
      const inner = fields.inner(rule);
      extras[rule] = { l1: inner.number('l1'), l2: inner.number('l2') };
      inner.done();
    }
    for (const field of ['kernelInitializer', 'biasInitializer']) {
      if (!fields.has(field)) continue;
      const name = fields.text(field);
      extras[field] = isInitializerName(name) ? name : fields.fail(field, 'must name an initializer');
    }
    made = new Dense(made.units, { ...made.options, ...(extras as Pick<DenseOptions, 'kernelRegularizer'>) });
  } else if (made instanceof Dropout)
    made = new Dropout(made.rate, { ...made.options, training: fields.flag('training') });
  fields.done();
  made.trainable = trainable;
  return made;
}

function restoreTraining(model: Sequential, root: Fields, tensors: Map<string, SafeTensor>, given: LoadOptions): void {
  const config = root.inner('optimizer');
  const savedScalars = config.inner('scalars').rest();
  const scalars: Record<string, number> = {};
  for (const [name, value] of Object.entries(savedScalars)) {
    scalars[name] = Number.isFinite(value) ? (value as number) : config.fail('scalars', `${name} must be a number`);
  }
  const lossFields = root.inner('loss').rest();
  const metrics = root
    .list('metrics')
    .map((name) => (typeof name === 'string' ? name : root.fail('metrics', 'must be names')));
  const replay = !root.has('replay') || root.flag('replay');
  const name = config.text('name');
  const options = config.rest();
  const { name: lossName, ...lossOptions } = lossFields;
  const parameters = model.weights.map(({ value }) => value);
  const slots = parameters.map((p, i) => takeSlots(p, i, tensors));
  try {
    const optimizer = optimizerByName(name, options);
    optimizer.restore(parameters, { scalars, slots });
    if (lossName === CUSTOM && given.loss === undefined) return;
    const loss = given.loss ?? lossByName(String(lossName), lossOptions as Record<string, number | boolean>);
    model.compile({ optimizer, loss, metrics: given.metrics ?? metrics.filter(isNamedMetric), replay });
  } catch (error) {
    if (error instanceof WhittleError) throw new FormatError(FORMAT, KEY, error.message);
    throw error;
  }
}

function takeSlots(p: Tensor, index: number, tensors: Map<string, SafeTensor>): Record<string, Tensor> {
  const own: Record<string, Tensor> = Object.create(null);
  const prefix = `optimizer/${index}/`;
  for (const [name, { shape, data }] of [...tensors]) {
    if (!name.startsWith(prefix)) continue;
    if (!sameShape(shape, p.shape) || (!(data instanceof Float32Array) && !(data instanceof Float64Array))) {
      throw new FormatError(FORMAT, name.slice(0, 60), 'does not fit its parameter');
    }
    own[name.slice(prefix.length)] = fromData(data, shape);
    tensors.delete(name);
  }
  return own;
}
