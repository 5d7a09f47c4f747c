import { checkBytes, FormatError, LimitError, ValueError } from '../../base/errors.ts';
import { type Shape, size } from '../../base/shape.ts';
import { readAttributes, refusing } from '../../graph/attributes.ts';
import { checkInputs, givenOf } from '../../graph/check.ts';
import { float32Stored, type Stored } from '../../graph/encoding.ts';
import { validateNetwork } from '../../graph/encodings.ts';
import { factsOf } from '../../graph/facts.ts';
import type { Input, Node } from '../../graph/graph.ts';
import { Network } from '../../graph/network.ts';
import { Names, nodeOf } from '../../graph/rewrite.ts';
import { parseJson } from '../../io/json.ts';
import type { Imported, Port } from '../imported.ts';
import { plainPort } from '../plain-port.ts';
import { Config, FORMAT } from './config.ts';
import { LAYERS } from './layers.ts';
import type { At } from './row.ts';
import { callOrder, INPUT_LAYER, type Layer, type Model, modelOf, type Ref } from './topology.ts';
import { type Asking, assigned, floatsIn, type Group, grouped, weightsIn } from './weights.ts';

/** Models inside models are written out: a small file could ask for more calls than any machine can hold. */
const MAX_CALLS = 10_000;
/** Models within models have about five levels each. */
const MAX_DEPTH = 100;

const CONVERT =
  'is a graph of TensorFlow: convert the Keras model it was made from with tensorflowjs_converter --output_format=tfjs_layers_model, or the graph with python -m tf2onnx.convert --tfjs model.json --output model.onnx';

/** A layer that has weights, and what to call them. */
interface Weighted extends Asking {
  readonly layer: Layer;
}

/**
 * The network of a Keras model as TensorFlow.js has it: `model.json` (bytes or text), and the files with its weights by the names that
 * it calls them by, as `group1-shard1of1.bin`. Sequential and functional models of Keras 2, Keras 3 and tfjs-layers, shared layers
 * and models inside models; weights of float32, and of uint8, uint16 and float16 with their scales. What is only for training,
 * optimizer, losses, regularizers and constraints, is left out and noted.
 *
 * Throws FormatError, which names the layer and the field, for what networks here do not have (graph models, channels first, axes
 * of unknown length, other layers and activations) and for files that do not fit together; LimitError for models inside models
 * that would be more than 10,000 calls; and what `validateNetwork` throws.
 *
 * @example
 * const layer = { class_name: 'Dense', config: { name: 'd', units: 1, batch_input_shape: [null, 2] } };
 * const weights = [{ name: 'd/kernel', shape: [2, 1], dtype: 'float32' }, { name: 'd/bias', shape: [1], dtype: 'float32' }];
 * const modelTopology = { class_name: 'Sequential', config: { layers: [layer] } };
 * const json = JSON.stringify({ modelTopology, weightsManifest: [{ paths: ['w.bin'], weights }] });
 * const bytes = new Uint8Array(Float32Array.of(1, 10, 0.5).buffer);
 * const { network } = fromKeras(json, new Map([['w.bin', bytes]]));
 * predictNetwork(network, [[2, 3]]).toArray(); // [ [ 32.5 ] ]
 */
export function fromKeras(modelJson: Uint8Array | string, shards: ReadonlyMap<string, Uint8Array>): Imported {
  if (typeof modelJson !== 'string') checkBytes('fromKeras', 'modelJson', modelJson, 'a Uint8Array or a string');
  if (!(shards instanceof Map))
    throw new ValueError(
      'fromKeras',
      'shards',
      'a Map of file names to their bytes',
      shards,
      'new Map(Object.entries(shards)) makes one',
    );
  const text = typeof modelJson === 'string' ? modelJson : textOf(modelJson);
  const value = parseJson(
    text,
    (problem, at) => new FormatError(FORMAT, 'model.json', `${problem}, at character ${at}`),
    { maxDepth: MAX_DEPTH },
  );
  const root = new Config(value, 'model.json');
  if (root.text('format', 'layers-model') === 'graph-model') root.fail('format', CONVERT);
  const given = root.has('model_topology') ? root.inner('model_topology') : root;
  if (given.has('node')) given.fail('node', CONVERT);
  const outer = given.has('model_config') ? given.inner('model_config') : given;
  const model = modelOf(outer);
  const layers = weightedIn(model, '');
  const manifest = root.has('weights_manifest') ? root.objects('weights_manifest') : [];
  const groups = assigned(layers, grouped(weightsIn(manifest, shards)));
  const builder = new Builder(new Map([...groups].map(([{ layer }, group]) => [layer, group])));
  const outputs = builder.expand(model, null);
  return builder.imported(
    outputs,
    callOrder(model).outputs,
    given.has('training_config') || root.has('training_config'),
  );
}

function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new FormatError(FORMAT, 'model.json', 'is no UTF-8 text');
  }
}

/** The layers with weights, those of models inside at their places. Throws, and names it, for a layer that is not known. */
function weightedIn({ layers }: Model, path: string): Weighted[] {
  return layers.flatMap((layer) => {
    const { name, className, config, model } = layer;
    if (model !== null) return weightedIn(model, `${path}${name}/`);
    if (className === INPUT_LAYER) return [];
    const row = LAYERS.get(className);
    if (row === undefined)
      return config.fail(
        'class_name',
        `"${name.slice(0, 60)}" is a ${className.slice(0, 60)}, which networks here do not have`,
      );
    const roles = row.roles?.(config) ?? [];
    return roles.length === 0 ? [] : [{ name, path: `${path}${name}`, roles, layer }];
  });
}

/** The network while it grows. */
class Builder {
  private readonly groups: ReadonlyMap<Layer, Group>;
  private readonly names = new Names();
  private readonly weightNames = new Names();
  private readonly inputs: Input[] = [];
  private readonly nodes: Node[] = [];
  private readonly weights = new Map<string, Stored>();
  private readonly shapes = new Map<string, Shape>();
  /** Of each layer, by role: a layer that is called twice has them once. */
  private readonly keys = new Map<Layer, Map<string, string>>();
  private readonly regularized = new Set<string>();
  private calls = 0;

  constructor(groups: ReadonlyMap<Layer, Group>) {
    this.groups = groups;
  }

  /** Adds what a model consists of, and returns its results. `given` are the values that it reads; null for the outermost. */
  expand(model: Model, given: readonly string[] | null): string[] {
    const { order, outputs } = callOrder(model);
    const values = new Map<string, readonly string[]>(); // by layer and call
    const byName = new Map(model.layers.map((layer) => [layer.name, layer]));
    const at = ({ layer, call, tensor }: Ref): string => {
      const value = values.get(`${call} ${layer}`)?.[tensor];
      return value ?? byName.get(layer)!.config.fail('inbound_nodes', `has no result ${tensor} of call ${call}`);
    };
    for (const [i, name] of model.inputs.entries()) {
      const layer = byName.get(name);
      if (layer === undefined || layer.className !== INPUT_LAYER)
        throw new FormatError(FORMAT, 'input_layers', `"${name.slice(0, 60)}" is no InputLayer of the model`);
      const value = given === null ? this.input(layer) : given[i];
      if (value === undefined || values.has(`0 ${name}`))
        return layer.config.fail(
          'inbound_nodes',
          `read ${given?.length} values, and the model has ${model.inputs.length} inputs`,
        );
      values.set(`0 ${name}`, [value]);
    }
    if (given !== null && given.length !== model.inputs.length)
      return byName
        .get(model.inputs[0]!)!
        .config.fail('inbound_nodes', `read ${given.length} values, and the model has ${model.inputs.length} inputs`);
    for (const { layer, call, i, refs } of order) {
      if (++this.calls > MAX_CALLS)
        throw new LimitError('fromKeras', 'the number of calls of layers', this.calls, MAX_CALLS);
      const read = refs.map(at);
      values.set(
        `${i} ${layer.name}`,
        layer.model === null ? [this.layer(layer, read, call.isTraining)] : this.expand(layer.model, read),
      );
    }
    return outputs.map(at);
  }

  private input({ name: wished, config }: Layer): string {
    const field = config.has('batch_shape') ? 'batch_shape' : 'batch_input_shape';
    const [, ...shape] = config.list(field);
    const sizes = shape.map((n) =>
      typeof n === 'number'
        ? n
        : config.fail(
            field,
            'has an axis of unknown length: build the model for inputs of one size, and save it again',
          ),
    );
    const name = this.names.take(wished);
    size(FORMAT, sizes);
    this.inputs.push({ name, shape: sizes, dtype: 'float32' });
    this.shapes.set(name, sizes);
    return name;
  }

  private layer(layer: Layer, inputs: readonly string[], isTraining: boolean): string {
    const { name, className, config } = layer;
    const row = LAYERS.get(className);
    const [first] = inputs;
    if (row === undefined || first === undefined)
      return config.fail('inbound_nodes', `"${name.slice(0, 60)}" reads nothing`);
    for (const field of config.names()) if (/_(regularizer|constraint)$/.test(field)) this.regularized.add(name);
    const at: At = {
      config,
      inputs,
      shapes: inputs.map((input) => this.shapes.get(input)!),
      isTraining,
      shapeOf: (role) => this.groups.get(layer)!.weights.get(role)!.shape,
      weight: (role, wanted, as = wanted) => this.weight(layer, role, wanted, as),
      node: (op, attrs, { weights = {}, inputs: read = inputs, part } = {}) => {
        const node = nodeOf(op, this.names.take(part === undefined ? name : `${name}_${part}`), read, attrs, {
          weights,
        });
        return this.put(node);
      },
    };
    return row.add(at);
  }

  /** Adds a node and finds the shape of what it gives. */
  private put(node: Node): string {
    checkInputs(node);
    const facts = factsOf(node);
    readAttributes(facts.attributes, node.attrs, refusing(`node "${node.name}"`));
    const read = node.inputs.map((name) => ({ shape: this.shapes.get(name)! }));
    const shape = facts.shape(givenOf({ inputs: [], nodes: [], outputs: [], weights: this.weights }, node, read));
    size(`${FORMAT}: node "${node.name}"`, shape);
    this.shapes.set(node.name, shape);
    this.nodes.push(node);
    return node.name;
  }

  private weight(layer: Layer, role: string, wanted: Shape, as: Shape): string {
    const keys = this.keys.get(layer) ?? new Map<string, string>();
    this.keys.set(layer, keys);
    const held = this.groups.get(layer)!.weights.get(role)!;
    const values = floatsIn(held, wanted);
    const known = keys.get(role);
    if (known !== undefined) return known;
    const key = this.weightNames.take(`${layer.name}/${role}`);
    this.weights.set(key, float32Stored(as, values));
    keys.set(role, key);
    return key;
  }

  imported(values: readonly string[], refs: readonly Ref[], wasCompiled: boolean): Imported {
    const looked = new Set(this.nodes.flatMap((node) => (factsOf(node).table === undefined ? [] : node.inputs)));
    const inputs = this.inputs.map((input): Input => (looked.has(input.name) ? { ...input, dtype: 'int32' } : input));
    const network = new Network({ inputs, nodes: this.nodes, outputs: values, weights: this.weights });
    const shapes = validateNetwork(network);
    const port = (value: string, name: string): Port => plainPort(value, name, shapes.get(value)!);
    const notes = [
      ...(wasCompiled ? ['What the model was compiled with, optimizer, loss and metrics, is left out.'] : []),
      ...(this.regularized.size > 0
        ? [`Regularizers and constraints are left out: of ${[...this.regularized].join(', ')}.`]
        : []),
    ];
    return {
      network,
      inputs: inputs.map(({ name }) => port(name, name)),
      outputs: values.map((value, i) => port(value, refs[i]!.layer)),
      notes,
    };
  }
}
