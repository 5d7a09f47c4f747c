import { FormatError, show } from '../../base/errors.ts';
import type { Attributes, Op, QuantizationParams } from '../../graph/graph.ts';
import type { Building, Item, Pending } from './building.ts';
import { ATTRIBUTE_TYPES, type AttributeMessage, type NodeMessage } from './messages.ts';
import { type Constant, decodeTensor } from './tensors.ts';
import { shapeText, type View } from './views.ts';

/** What an operator of ONNX becomes. */
export interface Operator {
  /** The first version with its meaning here. Default: 6. */
  readonly since?: number;
  /** The attributes that it may have, with blanks between them. */
  readonly attributes?: string;
  /** The values that it gives, one for each of its outputs that are known here. */
  readonly read?: (site: Site) => Item | readonly Item[];
  /** The same of constants alone. */
  readonly fold?: (site: Site, constants: readonly (Constant | undefined)[]) => Item | readonly Item[];
}

const utf8 = new TextDecoder('utf-8');

/** A real number as people write it: the shortest that is the same float32. */
export function shortest(x: number): number {
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(x.toPrecision(digits));
    if (Math.fround(short) === x) return short;
  }
  return x;
}

/** A node of a file that is being read. */
export class Site {
  readonly building: Building;
  readonly opset: number;
  readonly inputs: readonly (Item | undefined)[];
  readonly outputs: readonly string[];
  private readonly at: string;
  private readonly attributes: ReadonlyMap<string, AttributeMessage>;
  private readonly uses: ReadonlyMap<string, number>;

  constructor(
    building: Building,
    opset: number,
    message: NodeMessage,
    at: string,
    inputs: readonly (Item | undefined)[],
    uses: ReadonlyMap<string, number>,
  ) {
    this.building = building;
    this.opset = opset;
    this.at = at;
    this.inputs = inputs;
    this.outputs = message.output;
    this.uses = uses;
    this.attributes = new Map(message.attribute.map((each) => [each.name ?? '', each]));
  }

  fail(problem: string): never {
    throw new FormatError('onnx', this.at, problem);
  }

  /** Throws for attributes that the operator does not have here: they may say something that matters. */
  checkAttributes(known: string): void {
    const names = known.split(' ');
    for (const name of this.attributes.keys())
      if (!names.includes(name))
        this.fail(`has an attribute ${show(name)}, which is not known here: leave it out if it changes nothing`);
  }

  get name(): string {
    return this.outputs[0]!;
  }

  has(name: string): boolean {
    return this.attributes.has(name);
  }

  private attribute(name: string, type: keyof typeof ATTRIBUTE_TYPES): AttributeMessage | undefined {
    const found = this.attributes.get(name);
    const wanted = ATTRIBUTE_TYPES[type];
    if (found !== undefined && (found.type ?? wanted) !== wanted)
      this.fail(`has an attribute ${name} of the type ${found.type}, not of ${wanted} (${type})`);
    return found;
  }

  int(name: string, usual: number): number {
    const found = this.attribute(name, 'int');
    return found === undefined ? usual : (found.i ?? 0);
  }

  flag(name: string, usual: boolean): boolean {
    return this.int(name, Number(usual)) !== 0;
  }

  float(name: string, usual: number): number {
    const found = this.attribute(name, 'float');
    const x = found === undefined ? usual : shortest(found.f ?? 0);
    return Number.isFinite(x) ? x : this.fail(`has the ${name} ${x}`);
  }

  text(name: string, usual: string): string {
    const found = this.attribute(name, 'text');
    return found === undefined ? usual : utf8.decode(found.s ?? new Uint8Array());
  }

  ints(name: string): readonly number[] | undefined {
    return this.attribute(name, 'ints')?.ints;
  }

  floats(name: string): readonly number[] | undefined {
    return this.attribute(name, 'floats')?.floats;
  }

  tensor(name: string): Constant | undefined {
    const found = this.attribute(name, 'tensor')?.t;
    return found === undefined ? undefined : decodeTensor(found, this.name, this.at);
  }

  /** Throws unless an attribute has this value, or is not there. */
  only(name: string, value: number, problem: string): void {
    if (this.int(name, value) !== value) this.fail(problem);
  }

  private item(i: number): Item {
    return this.inputs[i] ?? this.fail(`has no input ${i}`);
  }

  /** An input that is computed, in real numbers unless integers will do. */
  view(i: number, integers = false): View {
    const item = this.item(i);
    if (item.kind === 'constant')
      return this.fail(`reads the constant "${item.name}" where a value of the network is needed`);
    if (!integers && (item.format !== null || item.raw !== null))
      this.fail(
        `reads "${item.name}" in ${item.format?.type ?? item.raw}: networks here compute in float32, and with integers between ` +
          'QuantizeLinear and DequantizeLinear',
      );
    return item;
  }

  views(): View[] {
    if (this.inputs.length === 0) this.fail('has no inputs');
    return this.inputs.map((_, i) => this.view(i));
  }

  constant(i: number): Constant {
    const item = this.item(i);
    if (item.kind === 'constant') return item;
    return this.fail(
      `needs its input ${i} ("${item.name}") as a constant: give it in the option constants if it is one`,
    );
  }

  optional(i: number): Constant | undefined {
    return this.inputs[i] === undefined ? undefined : this.constant(i);
  }

  /** Whole numbers out of an attribute, or of an input where newer opsets have it. */
  numbers(name: string, i: number): readonly number[] | undefined {
    const list = this.ints(name);
    if (list !== undefined) return list;
    const given = this.optional(i);
    if (given === undefined) return undefined;
    if (given.shape.length > 1) this.fail(`has ${name} of ${given.shape.length} axes`);
    return Array.from(given.data);
  }

  /** An axis counted from the front. */
  axis(axis: number, rank: number): number {
    if (!Number.isInteger(axis) || axis < -rank || axis >= rank) this.fail(`has no axis ${axis} among ${rank}`);
    return axis < 0 ? axis + rank : axis;
  }

  /** Distinct axes, in order. */
  axes(list: readonly number[], rank: number): number[] {
    const sorted = list.map((axis) => this.axis(axis, rank)).sort((a, b) => a - b);
    const twice = sorted.find((axis, i) => axis === sorted[i + 1]);
    if (twice !== undefined) this.fail(`names axis ${twice} twice`);
    return sorted;
  }

  /** Whether this node alone reads an input, as it was made. */
  isAlone(view: View): boolean {
    return view.name === view.value && this.uses.get(view.name) === 1;
  }

  /** A node of the network behind a tensor, whose numbers stay where they are. */
  along<K extends Op>(
    op: K,
    view: View,
    attrs: Attributes[K],
    parts: { weights?: Record<string, Pending>; format?: QuantizationParams } = {},
  ): View {
    return { ...view, name: this.name, value: this.building.node(op, this.name, [view.value], attrs, parts) };
  }

  /** Throws that a network cannot have a tensor as it is needed. */
  cannot(view: View, wish: string): never {
    return this.fail(
      `needs ${wish} of "${view.name}" ${shapeText(view)}, which networks here, with samples along the first axis and channels along the last, cannot bring there`,
    );
  }
}
