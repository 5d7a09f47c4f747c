import { checkBytes, FormatError, LimitError, show, ValueError } from '../../base/errors.ts';
import { checkOptions } from '../../base/options.ts';
import type { Shape } from '../../base/shape.ts';
import type { Stored } from '../../graph/encoding.ts';
import { validateNetwork } from '../../graph/encodings.ts';
import type { Graph } from '../../graph/graph.ts';
import { Network } from '../../graph/network.ts';
import { withoutUnread } from '../../graph/rewrite.ts';
import { called, fused, type Wished, wishFor } from '../fused.ts';
import type { Imported, Port } from '../imported.ts';
import { decodeMessage } from '../protobuf.ts';
import { folded, orElse } from '../qdq-fold.ts';
import { Building, type Given, type Item } from './building.ts';
import { NO_HINT, type ReadHint, readHint, withRules } from './hint-read.ts';
import { IMAGES } from './images.ts';
import { type GraphMessage, MODEL, type ModelMessage, type NodeMessage, type ValueMessage } from './messages.ts';
import { Patterns } from './patterns.ts';
import { inputPort, outputAxes } from './ports.ts';
import { PRODUCTS } from './products.ts';
import { QUANTIZED } from './quantized.ts';
import { SHAPES } from './shapes.ts';
import { type Operator, Site } from './site.ts';
import {
  type Constant,
  type DataType,
  dataTypeOf,
  decodeTensor,
  givenConstant,
  MAX_AXES,
  typeText,
} from './tensors.ts';
import { VALUES } from './values.ts';
import { axisOf, Space, shapeOf } from './views.ts';

/** What `fromOnnx` takes besides the file. */
export interface FromOnnxOptions {
  /** Numbers for inputs of the file that are held constant: weights that are given as inputs. By name. */
  readonly constants?: ReadonlyMap<string, { readonly shape: Shape; readonly data: ArrayLike<number> }>;
  /** Sizes for names of the file that stand for sizes, such as `height`. The batch needs none. By name. */
  readonly sizes?: ReadonlyMap<string, number>;
}

/** One row an operator. */
const OPERATORS: ReadonlyMap<string, Operator> = new Map(
  Object.entries({ ...PRODUCTS, ...VALUES, ...SHAPES, ...IMAGES, ...QUANTIZED }),
);

/** Versions of the operators whose meaning is known here: older ones broadcast otherwise, of newer ones nothing can be said. */
const OPSETS = { usual: 6, most: 28 };

/** Tensors that a network is given or gives. */
const MOST_PORTS = 1000;

const fail = (field: string, problem: string): never => {
  throw new FormatError('onnx', field, problem);
};

/**
 * The network in an ONNX file, of operators of version 6 to 28; of older ones those that have not changed since. The first axis of
 * each input is the batch, and channels, which ONNX has behind it, become the last axis: `inputs` and `outputs` say which axis is
 * where. What a network has no operation for is refused by name, as are operators of other domains, subgraphs, functions and numbers
 * in other files.
 *
 * Constants that an operator needs, its weights, are initializers of the file or in the option `constants`. Integers between
 * QuantizeLinear and DequantizeLinear become int8 operations, whose results may differ by 1 now and then where a sum lies in the
 * middle between two integers; uint8 becomes int8, 128 lower.
 *
 * Throws FormatError, which names the node, for what is no such file and for what networks cannot have; LimitError for sizes that
 * such a file should not need; ValueError for options.
 *
 * @example
 * const { network, inputs } = fromOnnx(toOnnx(toNetwork(model)));
 * inputs[0]!.shape; // [ null, 4 ]
 * network.nodes.map(({ op }) => op); // [ 'dense', 'dense' ]
 */
export function fromOnnx(file: Uint8Array, options: FromOnnxOptions = {}): Imported {
  const op = 'fromOnnx';
  checkBytes(op, 'the file', file);
  checkOptions(op, options, 'constants sizes');
  const { constants = new Map(), sizes = new Map() } = options;
  if (!(constants instanceof Map))
    throw new ValueError(op, 'constants', 'a Map of names to { shape, data }', constants);
  if (!(sizes instanceof Map)) throw new ValueError(op, 'sizes', 'a Map of names to sizes', sizes);
  const model = decodeMessage(file, MODEL, 'onnx', 'model');
  const imported = (hint: ReadHint): Imported => new Reading(model, file.length, { constants, sizes }, hint).imported();
  const hint = readHint(model.metadataProps);
  return hint === NO_HINT
    ? imported(hint)
    : orElse(
        () => imported(hint),
        () => imported(NO_HINT),
      );
}

class Reading {
  private readonly graph: GraphMessage;
  private readonly opset: number;
  private readonly options: Required<FromOnnxOptions>;
  private readonly items = new Map<string, Item>();
  private readonly uses = new Map<string, number>();
  private readonly wished = new Map<string, string>();
  /** Further outputs of operators, such as the indices of a pool, which networks do not have, and what would give them. */
  private readonly lost = new Map<string, string>();
  private readonly hint: ReadHint;
  private readonly building: Building;
  private readonly givens: Given[];

  constructor(model: ModelMessage, bytes: number, options: Required<FromOnnxOptions>, hint: ReadHint) {
    this.graph = model.graph ?? fail('model', 'has no graph');
    this.opset = opsetOf(model);
    this.options = options;
    this.hint = hint;
    if (model.functions.length > 0) fail('model', 'has functions of its own: inline them before');
    if (this.graph.sparseInitializer.length > 0) fail('graph', 'has sparse initializers: make them dense before');
    if (this.graph.output.length === 0) fail('graph', 'has no outputs: name those that are wanted when it is exported');
    this.readConstants();
    const inputs = this.graph.input.filter(({ name }) => !this.items.has(name ?? ''));
    if (inputs.length === 0) fail('graph', 'has no inputs but constants, of which networks have at least one');
    for (const list of [inputs, this.graph.output])
      if (list.length > MOST_PORTS)
        throw new LimitError('onnx', 'the number of inputs or outputs', list.length, MOST_PORTS);
    const sizes = inputs.map((input) => this.sizesOf(input));
    this.building = new Building(batchOf(sizes), bytes, this.named(), this.hint.scales);
    this.givens = inputs.map((input, i) => this.given(input, sizes[i]!));
  }

  imported(): Imported {
    this.readNodes(this.needed());
    const [first] = this.graph.output;
    const kept = this.graph.output.filter((output) => output === first || !this.lost.has(output.name ?? ''));
    for (const { name = '' } of this.graph.output)
      if (this.lost.has(name))
        this.building.notes.add(
          `The output ${show(name.slice(0, 60))} is left out: networks here do not have what ${this.lost.get(name)} gives besides its first output.`,
        );
    const outputs = kept.map((output, i) => this.output(output, i));
    const { inputs, nodes, weights, integers } = this.building.finished();
    const ports = this.givens.map((given) => inputPort(given, this.building));
    const values = [...new Set(outputs.map(({ value }) => value))];
    const named = (graph: Graph<Stored>, before: Wished) =>
      called(graph, new Map(outputs.map(({ value, name }) => [before.get(value) ?? value, name])), this.wished);
    const { graph: whole, now } = named(
      fused(withoutUnread({ inputs, nodes, outputs: values, weights })),
      new Map<string, string>(),
    );
    const checked = (given: typeof whole): ReturnType<typeof named> => {
      const found = named(given, now);
      validateNetwork(found.graph);
      return found;
    };
    const onIntegers = (): ReturnType<typeof named> => {
      const graph = folded(whole, integers);
      return orElse(
        () => checked(withRules(graph, this.hint.rules)),
        () => checked(graph),
      );
    };
    const { graph, now: last } =
      nodes.some(({ format }) => format !== null) || this.hint.rules.size > 0
        ? orElse(onIntegers, () => checked(whole))
        : checked(whole);
    const network = new Network(graph);
    const given = outputs.map((port) => {
      const value = now.get(port.value) ?? port.value;
      return { ...port, value: last.get(value) ?? value };
    });
    return { network, inputs: ports, outputs: given, notes: [...this.building.notes] };
  }

  private readConstants(): void {
    const { initializer, input } = this.graph;
    for (const [i, tensor] of initializer.entries()) {
      const at = `initializer ${show((tensor.name ?? '').slice(0, 60))}`;
      this.define(tensor.name, decodeTensor(tensor, tensor.name ?? '', at), `initializer ${i}`);
    }
    const types = new Map(input.map(({ name, type }) => [name, dataTypeOf(type?.tensorType?.elemType)]));
    for (const [name, given] of this.options.constants) {
      checkNamed('constants', 'inputs', name, [...types.keys()]);
      this.items.set(name, givenConstant(name, types.get(name) ?? 'float32', given));
    }
    const open = input
      .flatMap(({ type }) => type?.tensorType?.shape?.dim ?? [])
      .filter((dim) => dim.dimValue === undefined);
    for (const name of this.options.sizes.keys())
      checkNamed('sizes', 'open sizes of inputs', name, [...new Set(open.map(({ dimParam = '' }) => dimParam))]);
  }

  private define(name: string | undefined, item: Item, at: string): void {
    if (name === undefined || name === '') fail(at, 'has no name');
    else if (this.items.has(name)) fail(at, `has the name ${show(name.slice(0, 60))}, which another has: rename one`);
    else this.items.set(name, item);
  }

  /** Every name in the file, so that nothing that is made besides is called like it. */
  private named(): string[] {
    const { input, node } = this.graph;
    return [...this.items.keys(), ...input.map(({ name }) => name ?? ''), ...node.flatMap(({ output }) => output)];
  }

  /** Sizes of an input; NaN for a batch of any size. */
  private sizesOf({ name = '', type }: ValueMessage): number[] {
    const at = `input ${show(name.slice(0, 60))}`;
    const dims =
      type?.tensorType?.shape?.dim ?? fail(at, 'has no shape: export the model with the shapes of its inputs');
    if (dims.length > MAX_AXES) fail(at, `has ${dims.length} axes, and ${MAX_AXES} are the most`);
    if (dims.length === 0) fail(at, 'has no axis of samples: give it in the option constants if it is one');
    return dims.map(({ dimValue, dimParam }, axis) => {
      const size = dimValue ?? this.options.sizes.get(dimParam ?? '');
      if (size === undefined && axis > 0)
        fail(
          at,
          `leaves the size of axis ${axis} open (${show((dimParam ?? '').slice(0, 60))}): give it in the option sizes`,
        );
      const n = size ?? Number.NaN;
      if (size !== undefined && !(Number.isInteger(n) && n >= 1 && n < 2 ** 31))
        fail(at, `has an axis of size ${n}: give it a size or a name in the file`);
      return n;
    });
  }

  private given({ name = '', type }: ValueMessage, sizes: readonly number[]): Given {
    const at = `input ${show(name.slice(0, 60))}`;
    const dtype = dataTypeOf(type?.tensorType?.elemType);
    if (dtype === undefined || dtype === 'text')
      return fail(at, `is of ${typeText(type?.tensorType?.elemType)}, which networks here do not have`);
    const dims = [[this.building.batch], ...sizes.slice(1).map(axisOf)];
    const [channels, ...places] = dims.slice(1);
    const isFirst = channels !== undefined && places.length > 0 && this.hint.first.has(name);
    const space = new Space(isFirst ? [...places, channels] : null, dims.slice(1));
    const shape = sizes.map((size) => (Number.isNaN(size) ? null : size));
    const given: Given = { name, shape, dtype, space, dims, role: null };
    const raw: DataType | null = dtype === 'float32' ? null : dtype;
    this.define(name, { kind: 'value', name, value: name, space, dims, format: null, raw }, at);
    this.building.inputs.set(name, given);
    return given;
  }

  /** The nodes on which an output depends. Counts who reads what. */
  private needed(): NodeMessage[] {
    const wanted = new Set(this.graph.output.map(({ name }) => name ?? ''));
    const nodes = [...this.graph.node].reverse().filter(({ input, output }) => {
      if (!output.some((name) => name !== '' && wanted.has(name))) return false;
      for (const name of input) wanted.add(name);
      return true;
    });
    for (const name of [...nodes.flatMap(({ input }) => input), ...this.graph.output.map(({ name }) => name ?? '')])
      this.uses.set(name, (this.uses.get(name) ?? 0) + 1);
    return nodes.reverse();
  }

  private readNodes(nodes: readonly NodeMessage[]): void {
    const constants = new Map(
      [...this.items].filter((entry): entry is [string, Constant] => entry[1].kind === 'constant'),
    );
    for (const node of nodes) if (node.opType === 'Constant') this.readNode(node);
    for (const [name, item] of this.items) if (item.kind === 'constant') constants.set(name, item);
    const makers = new Map(nodes.filter(isOwn).flatMap((node) => node.output.map((name) => [name, node] as const)));
    const patterns = new Patterns({ makers, uses: this.uses, constants });
    const gone = new Set<NodeMessage>();
    const found = [...nodes].reverse().map((node) => {
      const pattern = gone.has(node) ? null : patterns.found(node);
      for (const each of pattern?.gone ?? []) gone.add(each);
      return pattern?.node ?? node;
    });
    for (const node of found.reverse()) if (node.opType !== 'Constant' && !gone.has(node)) this.readNode(node);
  }

  private readNode(message: NodeMessage): void {
    const { opType = '', domain = '', name = '', output } = message;
    const at = `node ${show((name || (output[0] ?? '')).slice(0, 60))} (${opType.slice(0, 60)})`;
    const operator = isOwn(message) ? OPERATORS.get(opType) : undefined;
    if (operator === undefined)
      throw new FormatError(
        'onnx',
        at,
        `is an operator${domain === '' ? '' : ` of ${show(domain.slice(0, 60))}`} that networks here do not have: export the model without it, or end it before`,
      );
    if (output.length === 0 || output[0] === '') fail(at, 'gives nothing');
    const { since = OPSETS.usual } = operator;
    if (this.opset < since)
      fail(
        at,
        `is of version ${this.opset}, and of ${since} and later is known what it means: convert the file before`,
      );
    const inputs = message.input.map((name) => (name === '' ? undefined : this.read(name, at)));
    const site = new Site(this.building, this.opset, message, at, inputs, this.uses);
    site.checkAttributes(operator.attributes ?? '');
    const constants = inputs.filter((item): item is Constant | undefined => item?.kind !== 'value');
    const isConstant = constants.length === inputs.length;
    const make = isConstant ? operator.fold : operator.read;
    if (make === undefined)
      throw new FormatError('onnx', at, 'computes with constants alone: fold them before, as onnx-simplifier does');
    const made = make(site, constants);
    const items = [made].flat();
    for (const [i, own] of output.entries()) {
      const item = items[i];
      if (own === '') continue;
      if (item === undefined) this.lost.set(own, at);
      else {
        this.define(own, { ...item, name: own }, at);
        if (item.kind === 'value') wishFor(this.wished, item.value, own);
      }
    }
  }

  private read(name: string, at: string): Item {
    const maker = this.lost.get(name);
    if (maker !== undefined)
      fail(at, `reads what ${maker} gives besides its first output, which networks here do not have`);
    return (
      this.items.get(name) ??
      fail(at, `reads ${show(name.slice(0, 60))}, which nothing before it gives: sort the nodes, or make it an input`)
    );
  }

  private output({ name = '', type }: ValueMessage, i: number): Port {
    const at = `output ${show(name.slice(0, 60) || i)}`;
    const item = this.read(name, at);
    if (item.kind === 'constant') return fail(at, 'is a constant, which depends on no input: leave it out');
    const isIndex = item.raw === 'int32' || item.raw === 'int64';
    if (item.raw !== null && !(isIndex && this.building.readAs(item, { kind: 'entries' })))
      return fail(at, `is an input in ${item.raw}, which networks here do not give on`);
    const { format } = item;
    const value = format === null ? item.value : this.building.node('dequantize', `${name}/real`, [item.value], {});
    const { view, axes } = outputAxes(this.building, { ...item, value }, at);
    const declared = type?.tensorType?.shape?.dim;
    const sizes = shapeOf(view);
    const shape =
      declared?.length === sizes.length
        ? declared.map(({ dimValue }, axis) => (axis > 0 ? sizes[axis]! : dimValue))
        : sizes;
    return {
      value: view.value,
      name,
      shape: shape.map((size) => (size === undefined || Number.isNaN(size) ? null : size)),
      axes,
      dtype: format?.type ?? item.raw ?? 'float32',
      format: format && { scale: format.scale, zeroPoint: format.zeroPoint + (format.type === 'uint8' ? 128 : 0) },
    };
  }
}

/** Throws for a name in an option that the file does not have, and says which it has. */
function checkNamed(
  option: keyof FromOnnxOptions,
  what: string,
  name: string,
  names: readonly (string | undefined)[],
): void {
  if (names.includes(name)) return;
  const some = names.slice(0, 8).map((each = '') => show(each.slice(0, 60)));
  const list = names.length === 0 ? 'it has none' : `${some.join(', ')}${names.length > 8 ? ', ...' : ''}`;
  throw new ValueError('fromOnnx', option, `names of ${what} of the file (${list})`, name);
}

/** Whether something is of the operators of ONNX itself. */
const isOwn = ({ domain = '' }: { readonly domain?: string }): boolean => domain === '' || domain === 'ai.onnx';

/** The version of ONNX's own operators. */
function opsetOf({ opsetImport }: ModelMessage): number {
  const own = opsetImport.find(isOwn);
  const version = own?.version ?? fail('model', 'does not say which version of operators it has');
  if (version >= 1 && version <= OPSETS.most) return version;
  return fail(
    'model',
    `has operators of version ${version}, and 1 to ${OPSETS.most} are known here: convert it before`,
  );
}

/** The size of the batch that all inputs have; NaN where it is open. */
function batchOf(sizes: readonly (readonly number[])[]): number {
  const fixed = new Set(sizes.map(([batch]) => batch!).filter((size) => !Number.isNaN(size)));
  if (fixed.size > 1)
    fail(
      'graph',
      `has inputs with first axes of ${[...fixed].slice(0, 4).join(' and ')}, which are the samples of one batch here: give those that are constant in the option constants`,
    );
  return [...fixed][0] ?? Number.NaN;
}
