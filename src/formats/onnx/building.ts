import { LimitError } from '../../base/errors.ts';
import type { Stored } from '../../graph/encoding.ts';
import type { Attributes, Input, Node, Op, QuantizationParams } from '../../graph/graph.ts';
import { Names, nodeOf } from '../../graph/rewrite.ts';
import { type Constant, type DataType, storedOf } from './tensors.ts';
import { Atom, type Axis, type Mover, type Space, settle, sizeOf, type View, whole } from './views.ts';

export type Item = Constant | View;

/** A weight that is made at the end, when it is known which nodes share it. */
export interface Pending {
  /** Of the constants that it is made of, and of how: two with one id are the same. */
  readonly id: string;
  /** What it is called, if nothing else is. */
  readonly key: string;
  readonly make: () => Constant;
}

/** An input of the file, and what has been found out about it. */
export interface Given {
  readonly name: string;
  readonly shape: readonly (number | null)[];
  readonly dtype: DataType;
  readonly space: Space;
  /** The axes of a batch. */
  readonly dims: readonly Axis[];
  /** What its integers are read as. */
  role:
    | { readonly kind: 'numbers' | 'entries' }
    | { readonly kind: 'format'; readonly format: QuantizationParams }
    | null;
}

/** A network as it grows out of a file. */
export class Building implements Mover {
  readonly inputs: Map<string, Given> = new Map();
  readonly notes: Set<string> = new Set();
  readonly batch: Atom;
  private readonly nodes = new Map<string, Node>();
  private readonly pending = new Map<string, Record<string, Pending>>();
  /** Values to which a constant may still be added, and the weight that it would be. */
  private readonly sums = new Map<string, 'bias' | 'beta'>();
  private readonly names: Names;
  private readonly scales: ReadonlyMap<string, number>;
  /** Numbers that may be made of others, so that a small file does not make a large network. */
  private left: number;

  constructor(batch: number, bytes: number, taken: Iterable<string>, scales: ReadonlyMap<string, number>) {
    this.batch = new Atom(batch, null, true);
    this.left = 2 ** 22 + 4 * bytes;
    this.names = new Names(taken);
    this.scales = scales;
  }

  /** Throws LimitError where more numbers are made than a file of such a size should need. */
  spend(numbers: number, what: string): void {
    this.left -= numbers;
    if (!(this.left >= 0))
      throw new LimitError(
        'onnx',
        `the count of numbers that ${what} makes of a small file`,
        numbers,
        numbers + this.left,
      );
  }

  /** The name of a tensor of the file for a node, or one like it where a node has it. */
  private nameOf(wished: string): string {
    return this.nodes.has(wished) || this.inputs.has(wished) ? this.names.take(wished) : wished;
  }

  /** Adds a node; the name of its value. */
  node<K extends Op>(
    op: K,
    wished: string,
    inputs: readonly string[],
    attrs: Attributes[K],
    { weights, format = null }: { weights?: Record<string, Pending>; format?: QuantizationParams | null } = {},
  ): string {
    const name = this.nameOf(wished);
    const scale = format === null ? undefined : this.scales.get(name);
    const own =
      format !== null && scale !== undefined && Math.fround(scale) === format.scale ? { ...format, scale } : format;
    this.nodes.set(
      name,
      nodeOf(op, name, inputs, attrs, { format: own && { scale: own.scale, zeroPoint: own.zeroPoint } }),
    );
    if (weights !== undefined) this.pending.set(name, weights);
    return name;
  }

  flatten({ name, value }: View): string {
    return this.node('flatten', name === value ? `${name}/flat` : name, [value], {});
  }

  shuffle({ name, value }: View, groups: number): string {
    return this.node('channelShuffle', name === value ? `${name}/shuffled` : name, [value], { groups });
  }

  formatOf(value: string): QuantizationParams | null {
    return this.nodes.get(value)?.format ?? null;
  }

  /** Says that nothing but what comes next reads these sums. */
  open(value: string, role: 'bias' | 'beta'): void {
    this.sums.set(value, role);
  }

  /** Gives such sums a bias, and the name of what they are then; null where nothing can be added. */
  addBias(value: string, bias: Pending, wished: string): string | null {
    const role = this.sums.get(value);
    if (role === undefined) return null;
    const node = this.nodes.get(value)!;
    const name = this.nameOf(wished);
    const weights = { ...this.pending.get(value), [role]: bias };
    for (const map of [this.nodes, this.pending, this.sums]) map.delete(value);
    this.nodes.set(name, { ...node, name } as Node);
    this.pending.set(name, weights);
    return name;
  }

  /** What an input of integers is read as. False where something has read it as something else. */
  readAs(view: View, role: NonNullable<Given['role']>): boolean {
    const given = this.inputs.get(view.value)!;
    if (given.role !== null && JSON.stringify(given.role) !== JSON.stringify(role)) return false;
    given.role = role;
    return true;
  }

  /** The inputs of the network, the nodes, the weights, and the integers of biases by key. */
  finished(): {
    inputs: Input[];
    nodes: Node[];
    weights: Map<string, Stored>;
    integers: Map<string, Int32Array>;
  } {
    const inputs = [...this.inputs.values()].map(({ name, space, role }): Input => {
      const axes = settle(space, space.given.map(whole));
      return {
        name,
        shape: axes.map((axis) => sizeOf(whole(axis))),
        dtype: role?.kind === 'entries' ? 'int32' : 'float32',
      };
    });
    const weights = new Map<string, Stored>();
    const integers = new Map<string, Int32Array>();
    const keys = new Names();
    const shared = new Map<string, Record<string, string>>();
    const nodes = [...this.nodes.values()].map((node): Node => {
      const pending = this.pending.get(node.name);
      if (pending === undefined) return node;
      const id = JSON.stringify([node.op, ...Object.entries(pending).map(([role, each]) => [role, each.id])]);
      const known = shared.get(id);
      if (known !== undefined) return { ...node, weights: known };
      const own: Record<string, string> = {};
      for (const [role, each] of Object.entries(pending)) {
        const key = keys.take(each.key);
        own[role] = key;
        const made = each.make();
        this.spend(made.data.length, `the weight "${key}"`);
        weights.set(key, storedOf(made));
        if (made.held?.type === 'int32') integers.set(key, made.held.values);
      }
      shared.set(id, own);
      return { ...node, weights: own };
    });
    return { inputs, nodes, weights, integers };
  }
}

/** A weight that is a constant in a form: `how` tells forms of it apart. */
export const pendingOf = (constant: Constant, how: string, make: () => Constant): Pending => ({
  id: `${constant.name}|${how}`,
  key: constant.key,
  make,
});
