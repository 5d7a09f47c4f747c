import { ShapeError } from '../base/errors.ts';
import type { Shape } from '../base/shape.ts';
import { madeOf } from '../compress/clone.ts';
import { type ActivationSpec, LINEAR } from '../graph/activation.ts';
import { valuesOf } from '../graph/check.ts';
import { float32Stored, type Stored } from '../graph/encoding.ts';
import type { Attributes, Graph, Input, Node, Op } from '../graph/graph.ts';
import { Names, namesOf, nodeOf, withoutUnread } from '../graph/rewrite.ts';
import { withLogits } from '../graph/taps.ts';
import { initializer } from '../nn/initializers.ts';
import type { Model } from '../nn/model.ts';
import { storedGraph } from '../nn/network.ts';
import type { Optimizer } from '../nn/optimizers.ts';
import type { Parameter } from '../nn/parameter.ts';
import { Random } from '../tensor/random.ts';
import { keep, type Tensor } from '../tensor/tensor.ts';
import type { HeadBuilder } from './terms.ts';

/** What a term adds to the student's network. */
export interface Head {
  /** Of its output, and of what it adds. */
  readonly name: string;
  /** Whether it reads what is kept of the teacher's values, as a further input of the network. */
  readonly readsTeacher: boolean;
  /** Keys of the kernel and the bias of each `dense` that it asked for, in order. */
  readonly projections: readonly (readonly [kernel: string, bias: string])[];
}

interface Dense {
  readonly name: string;
  readonly keys: readonly [kernel: string, bias: string];
}

/** A student's network with heads while it is put together, and while it is trained. */
export class TrainingNetwork {
  private readonly student: Model;
  private readonly names: Names;
  private graph: Graph<Stored>;
  /** The student's nodes that are two here, by the name of the first. */
  private readonly split = new Map<string, string>();
  private model: Model | null = null;

  constructor(student: Model) {
    this.student = student;
    this.graph = storedGraph(student);
    this.names = new Names([...namesOf(this.graph), ...this.graph.weights.keys()]);
  }

  /** Adds the head that `build` makes of the student's value; its output is a further one of the network. */
  add(wished: string, value: string, kept: Shape, build: (at: HeadBuilder) => string): Head {
    const name = this.names.take(wished);
    let input: string | null = null;
    const projections: (readonly [string, string])[] = [];
    const put = <K extends Op>(op: K, inputs: readonly string[], attrs: Attributes[K], own?: Node['weights']): string =>
      this.put(op, this.names.take(`${name}/${op}`), inputs, attrs, own);
    const at: HeadBuilder = {
      student: value,
      teacher: () => {
        input ??= this.input(this.names.take(`${name}/teacher`), kept);
        return input;
      },
      logits: () => this.logits(),
      dense: (from, units, activation = LINEAR) => {
        const made = this.dense(this.names.take(`${name}/dense`), from, units, activation);
        projections.push(made.keys);
        return made.name;
      },
      narrow: (from, most) => {
        const places = this.shapeOf(from).slice(0, -1);
        const size = places.map((n) => Math.max(1, Math.floor(n / most)));
        if (size.every((n) => n === 1)) return from;
        return put('pool', [from], { kind: 'average', size, strides: size, padding: 'valid' });
      },
      flatten: (from) => (this.shapeOf(from).length === 1 ? from : put('flatten', [from], {})),
      pool: (from) => (this.shapeOf(from).length === 1 ? from : put('globalPool', [from], { kind: 'average' })),
      concat: (list) => (list.length === 1 ? list[0]! : put('concat', list, {})),
      shapeOf: (from) => this.shapeOf(from),
    };
    const output = this.put('activation', name, [build(at)], { activation: LINEAR }); // is called as the term is
    this.graph = { ...this.graph, outputs: [...this.graph.outputs, output] };
    return { name, readsTeacher: input !== null, projections };
  }

  /** The student with its heads, to be trained. */
  toModel(): Model {
    this.model = madeOf(this.student, this.graph, { from: (name) => this.split.get(name) ?? name });
    return this.model;
  }

  /** Gives the student what training made of its weights, and with them what the optimizer keeps for each. */
  takeBack(optimizer: Optimizer): void {
    const { student } = this;
    const trained = this.model!;
    const own = new Map(student.graph.nodes.map((node) => [node.name, node]));
    const pairs = new Map<Parameter, Parameter>(); // the student's, and the trained one
    for (const node of trained.graph.nodes) {
      const keys = own.get(this.split.get(node.name) ?? node.name)?.weights ?? {};
      for (const [role, key] of Object.entries(node.weights)) {
        const to = keys[role] === undefined ? undefined : student.graph.weights.get(keys[role]);
        if (to !== undefined) pairs.set(to, trained.graph.weights.get(key)!);
      }
    }
    for (const [to, from] of pairs) {
      to.value.storage.array.set(from.value.data);
      to.mask = from.mask && keep(from.mask);
    }
    student.steps = trained.steps;
    student.epochs = trained.epochs;
    const moved = student.trainable;
    optimizer.restore(moved, optimizer.state(moved.map((weight) => pairs.get(weight)!)));
  }

  /** What training made of it, ending in the student's outputs and in further values, which end in this activation. */
  endingIn(values: readonly string[], activation: ActivationSpec): Model {
    const graph = storedGraph(this.model!);
    const names = new Names(namesOf(graph));
    const ends = values.map((value, i) => nodeOf('activation', names.take(`early${i}`), [value], { activation }));
    const outputs = [...this.student.graph.outputs, ...ends.map(({ name }) => name)];
    const inputs = graph.inputs.slice(0, this.student.inputCount);
    const ending = withoutUnread({ ...graph, inputs, nodes: [...graph.nodes, ...ends], outputs });
    return madeOf(this.student, ending, { from: (name) => this.split.get(name) ?? name });
  }

  private shapeOf(value: string): Shape {
    return valuesOf(this.graph).get(value)!.shape;
  }

  private put<K extends Op>(
    op: K,
    name: string,
    inputs: readonly string[],
    attrs: Attributes[K],
    weights: Node['weights'] = {},
  ): string {
    this.graph = { ...this.graph, nodes: [...this.graph.nodes, nodeOf(op, name, inputs, attrs, { weights })] };
    return name;
  }

  private input(name: string, shape: Shape): string {
    const input: Input = { name, shape, dtype: this.student.dtype };
    this.graph = { ...this.graph, inputs: [...this.graph.inputs, input] };
    return name;
  }

  private dense(name: string, from: string, units: number, activation: ActivationSpec): Dense {
    const shape = this.shapeOf(from);
    const inputs = shape.at(-1);
    if (inputs === undefined) throw new ShapeError('distill', [shape], `${from} has no axis of features`);
    const kernel = this.weight(`${name}/kernel`, [inputs, units], 'glorotUniform');
    const bias = this.weight(`${name}/bias`, [units], 'zeros');
    return { name: this.put('dense', name, [from], { activation }, { kernel, bias }), keys: [kernel, bias] };
  }

  private weight(wished: string, shape: Shape, by: 'glorotUniform' | 'zeros'): string {
    const { seed, dtype } = this.student;
    const key = this.names.take(wished);
    const { data }: Tensor = initializer(by)(shape, new Random(seed, key), dtype);
    const values = data.slice();
    const weight: Stored =
      values instanceof Float64Array
        ? { shape, encoding: { type: 'float64', values }, mask: null }
        : float32Stored(shape, values as Float32Array);
    this.graph = { ...this.graph, weights: new Map([...this.graph.weights, [key, weight]]) };
    return key;
  }

  /** What the student's first output is before its softmax or sigmoid; the output itself behind other activations. */
  private logits(): string {
    const [output] = this.graph.outputs as [string];
    const { name: last } = this.student.outputActivation(false);
    if (last !== 'softmax' && last !== 'sigmoid') return output;
    const known = [...this.split.keys()][0];
    if (known !== undefined) return known;
    const [graph, logits] = withLogits(this.graph, output);
    const names = new Set(this.graph.nodes.map(({ name }) => name));
    this.graph = graph;
    const maker = graph.nodes[graph.nodes.findIndex(({ name }) => !names.has(name)) + 1]!;
    this.split.set(logits, maker.name);
    return logits;
  }
}
