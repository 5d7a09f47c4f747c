import { parameter } from '../autograd/tape.ts';
import type { Shape } from '../base/shape.ts';
import { givenOf, type Value } from '../graph/check.ts';
import { factsOf } from '../graph/facts.ts';
import type { Attributes, Graph, Input, Node, NodeOf, Op } from '../graph/graph.ts';
import { nodeOf } from '../graph/rewrite.ts';
import type { FloatDType } from '../memory/dtype.ts';
import { Random } from '../tensor/random.ts';
import { keep } from '../tensor/tensor.ts';
import { type Initializer, initializer } from './initializers.ts';
import { Parameter } from './parameter.ts';
import { type RegularizerChoice, regularizer } from './regularizers.ts';

/** What a model tells its layers while it is built. */
export interface BuildContext {
  readonly seed: number;
  readonly dtype: FloatDType;
  /** The weights are overwritten at once, so zeros will do: drawing them may take longer than all else of loading. */
  readonly blank?: boolean;
}

/** How a weight begins, and what it is held to. */
export interface WeightOptions {
  readonly initializer: Initializer;
  readonly regularizer?: RegularizerChoice | undefined;
}

/** A network while layers add their operations to it. */
export class Lowering implements Graph<Parameter> {
  readonly context: BuildContext;
  readonly inputs: readonly Input[];
  readonly nodes: Node[] = [];
  readonly outputs: string[] = [];
  readonly weights: Map<string, Parameter> = new Map();
  private readonly values = new Map<string, Value>();

  constructor(context: BuildContext, inputs: readonly Input[]) {
    this.context = context;
    this.inputs = inputs;
    for (const { name, shape, dtype } of inputs) this.values.set(name, { shape, dtype, format: null });
  }

  /** Shape of one sample of a value. */
  shapeOf(value: string): Shape {
    return this.values.get(value)!.shape;
  }

  /** Adds an operation on values; returns the name of the value that it gives. `weights` are keys by role. */
  node<K extends Op>(
    op: K,
    name: string,
    inputs: readonly string[],
    attrs: Attributes[K],
    weights: Readonly<Record<string, string>> = {},
  ): string {
    const given = inputs.map((input) => this.values.get(input)!);
    const node = nodeOf(op, name, inputs, attrs, { weights }) as NodeOf<K>;
    const shape = factsOf(node).shape(givenOf(this, node, given));
    this.nodes.push(node as Node);
    this.values.set(name, { shape, dtype: this.context.dtype, format: null });
    return name;
  }

  /** Makes the weight `<layer>/<role>`, by numbers that depend on the seed and its name alone; returns its key. */
  weight(layer: string, role: string, shape: Shape, { initializer: choice, regularizer: rule }: WeightOptions): string {
    const { seed, dtype, blank = false } = this.context;
    const key = `${layer}/${role}`;
    const random = new Random(seed, key);
    // A copy: a function may hand out one tensor twice, as to a layer and its clone.
    const value = parameter(keep(initializer(blank ? 'zeros' : choice)(shape, random, dtype)));
    this.weights.set(key, new Parameter(key, value, regularizer(rule)));
    return key;
  }
}
