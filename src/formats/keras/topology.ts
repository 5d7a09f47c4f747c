import { FormatError } from '../../base/errors.ts';
import { JsonObject, type JsonValue } from '../../io/json.ts';
import { Config, FORMAT } from './config.ts';

/** Which value: the result number `tensor` of the call number `call` of a layer. */
export interface Ref {
  readonly layer: string;
  readonly call: number;
  readonly tensor: number;
}

/** A layer at work: what it reads. One that is called twice has its weights once. */
export interface Call {
  readonly from: readonly Ref[];
  /** Whether it is told to act as in training. */
  readonly isTraining: boolean;
}

export interface Layer {
  readonly name: string;
  readonly className: string;
  readonly config: Config;
  /** What it consists of, where it is a model; else null. */
  readonly model: Model | null;
  readonly calls: readonly Call[];
}

export interface Model {
  readonly layers: readonly Layer[];
  /** Layers of the class InputLayer. */
  readonly inputs: readonly string[];
  readonly outputs: readonly Ref[];
}

export const INPUT_LAYER = 'InputLayer';
const MODELS: ReadonlyMap<string, (config: Config) => Model> = new Map([
  ['Sequential', sequentialOf],
  ['Functional', functionalOf],
  ['Model', functionalOf],
]);

/** The model of an object { class_name, config }. Models inside each other are as deep as the JSON, which has a limit. */
export function modelOf(given: Config): Model {
  const className = given.text('class_name');
  const read = MODELS.get(className);
  if (read === undefined)
    return given.fail('class_name', `is "${className.slice(0, 60)}", which is no model of layers`);
  // Early versions of Keras wrote the layers of a Sequential alone
  const config = given.get('config');
  return read(
    Array.isArray(config) ? new Config(new JsonObject(0).set('layers', config), given.path) : given.inner('config'),
  );
}

function layerOf(given: Config, calls: (config: Config) => readonly Call[]): Layer {
  const className = given.text('class_name');
  const registered = given.text('registered_name', '');
  if (registered.includes('>'))
    given.fail(
      'registered_name',
      `is "${registered.slice(0, 60)}": a layer of somebody's own is code, which no file can hold`,
    );
  const isModel = MODELS.has(className);
  const isList = isModel && Array.isArray(given.get('config'));
  const config = isList ? given : given.inner('config');
  const name = config.text('name', given.text('name', className.toLowerCase()));
  return { name, className, config, model: isModel ? modelOf(given) : null, calls: calls(config) };
}

const to = (layer: string): Ref => ({ layer, call: 0, tensor: 0 });

/** Layers in a row. The first says what it reads, if no InputLayer does. */
function sequentialOf(config: Config): Model {
  const given = config.objects('layers');
  if (given.length === 0) return config.fail('layers', 'has none');
  const layers: Layer[] = [];
  for (const each of given) {
    const before = layers.at(-1)?.name;
    const layer = layerOf(each, () => (before === undefined ? [] : [{ from: [to(before)], isTraining: false }]));
    if (before !== undefined || layer.className === INPUT_LAYER) layers.push(layer);
    else {
      const name = `${layer.name}_input`;
      // A model says by its own first layer what it reads
      const first = layer.model?.layers.find((inner) => inner.className === INPUT_LAYER)?.config ?? layer.config;
      layers.push({ name, className: INPUT_LAYER, config: first, model: null, calls: [] });
      layers.push({ ...layer, calls: [{ from: [to(name)], isTraining: false }] });
    }
  }
  return { layers, inputs: [layers[0]!.name], outputs: [to(layers.at(-1)!.name)] };
}

function functionalOf(config: Config): Model {
  const layers = config.objects('layers').map((given) => layerOf(given, () => callsOf(given)));
  return {
    layers,
    inputs: refsIn(config, 'input_layers').map(({ layer }) => layer),
    outputs: refsIn(config, 'output_layers'),
  };
}

/** References [name, call, tensor], or one of them by itself. */
function refsIn(config: Config, field: string): Ref[] {
  const list = config.list(field);
  const items = typeof list[0] === 'string' ? [list] : list;
  return items.map((item) => refOf(item, config, field));
}

function refOf(item: JsonValue, config: Config, field: string): Ref {
  const [layer, call, tensor] = Array.isArray(item) ? item : [];
  const areCounts = [call, tensor].every((n) => Number.isSafeInteger(n) && (n as number) >= 0);
  if (typeof layer !== 'string' || !areCounts) return config.fail(field, 'must be references [name, integer, integer]');
  return { layer, call: call as number, tensor: tensor as number };
}

/** Keras 2 writes a list of references for each call, [name, call, tensor, options]; Keras 3 an object with the arguments. */
function callsOf(given: Config): Call[] {
  return given.list('inbound_nodes').map((node): Call => {
    if (node instanceof JsonObject) {
      const call = new Config(node, `${given.path}.inbound_nodes`);
      const options = call.has('kwargs') ? call.inner('kwargs') : null;
      return { from: tensorsIn(call.get('args') ?? [], call), isTraining: options?.get('training') === true };
    }
    const list = Array.isArray(node) ? node : [];
    const items = typeof list[0] === 'string' ? [list] : list;
    const isTraining = items.some((item) => {
      const options = Array.isArray(item) ? item[3] : undefined;
      return options instanceof JsonObject && options.get('training') === true;
    });
    return { from: items.map((item) => refOf(item, given, 'inbound_nodes')), isTraining };
  });
}

/** The tensors among the arguments of a call, in order, lists within lists included. */
function tensorsIn(args: JsonValue, call: Config): Ref[] {
  const found: Ref[] = [];
  const left: JsonValue[] = [args];
  for (let item = left.pop(); item !== undefined; item = left.pop()) {
    if (Array.isArray(item)) for (const each of [...item].reverse()) left.push(each);
    else if (item instanceof JsonObject) {
      const tensor = new Config(item, `${call.path}.args`);
      if (tensor.get('class_name') !== '__keras_tensor__') tensor.fail('class_name', 'must be __keras_tensor__');
      found.push(refOf(tensor.inner('config').list('keras_history'), tensor, 'keras_history'));
    } else if (item !== null) call.fail('args', 'must be tensors');
  }
  return found;
}

/** A call with references to results that are there. */
export interface Step {
  readonly layer: Layer;
  readonly call: Call;
  /** Which of the layer's calls it is. */
  readonly i: number;
  readonly refs: readonly Ref[];
}

/**
 * The calls of a model's layers in an order in which each comes after what it reads, in time that grows with their number.
 * Throws FormatError, which names the layer, for a reference to nothing and for layers that wait for each other.
 */
export function callOrder({ layers, outputs }: Model): { order: readonly Step[]; outputs: readonly Ref[] } {
  const byName = new Map(layers.map((layer) => [layer.name, layer]));
  if (byName.size < layers.length) {
    const twice = layers.find((layer) => byName.get(layer.name) !== layer)!;
    throw new FormatError(FORMAT, twice.config.path, `the name "${twice.name}" is there twice`);
  }
  // The first call of a model is its own making, which Keras leaves out while it counts on
  const most = new Map<string, number>();
  const all = [...outputs, ...layers.flatMap(({ calls }) => calls.flatMap(({ from }) => from))];
  for (const { layer, call } of all) most.set(layer, Math.max(most.get(layer) ?? 0, call));
  const resolved = (ref: Ref): Ref => {
    const layer = byName.get(ref.layer);
    if (layer === undefined)
      throw new FormatError(FORMAT, 'inbound_nodes', `there is no layer "${ref.layer.slice(0, 60)}"`);
    const count = Math.max(1, layer.calls.length);
    const call = layer.model !== null && most.get(layer.name) === count ? ref.call - 1 : ref.call;
    if (call < 0 || call >= count) throw new FormatError(FORMAT, layer.config.path, `has no call ${ref.call}`);
    return { ...ref, call };
  };
  const pending = layers.flatMap((layer) =>
    layer.calls.map((call, i) => ({ layer, call, i, refs: call.from.map(resolved), left: 0 })),
  );
  const readers = new Map<string, typeof pending>();
  const keyOf = (layer: string, call: number): string => `${call} ${layer}`;
  for (const item of pending)
    for (const { layer, call } of item.refs) {
      if (byName.get(layer)!.calls.length === 0) continue; // an input
      item.left++;
      const key = keyOf(layer, call);
      const own = readers.get(key) ?? [];
      own.push(item);
      readers.set(key, own);
    }
  const ready = pending.filter(({ left }) => left === 0);
  for (const item of ready)
    for (const reader of readers.get(keyOf(item.layer.name, item.i)) ?? []) if (--reader.left === 0) ready.push(reader);
  const waiting = pending.find(({ left }) => left > 0);
  if (waiting !== undefined)
    throw new FormatError(FORMAT, waiting.layer.config.path, `"${waiting.layer.name}" waits for what it makes itself`);
  return { order: ready, outputs: outputs.map(resolved) };
}
