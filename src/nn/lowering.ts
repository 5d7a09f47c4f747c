import { reshape } from '../autograd/movement.ts';
import { noGrad, parameter } from '../autograd/tape.ts';
import { ShapeError, ValueError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import { type Shape, sameShape, size } from '../base/shape.ts';
import { readAttributes, refusing } from '../graph/attributes.ts';
import { checkInputs, checkTypes, givenOf, type Value } from '../graph/check.ts';
import { factsOf } from '../graph/facts.ts';
import type { Attributes, Graph, Input, Node, NodeOf, Op } from '../graph/graph.ts';
import { type Names, nodeOf } from '../graph/rewrite.ts';
import type { FloatDType } from '../memory/dtype.ts';
import { Random } from '../tensor/random.ts';
import { keep } from '../tensor/tensor.ts';
import { checkConstraint } from './constraints.ts';
import { initializer } from './initializers.ts';
import { Parameter } from './parameter.ts';
import { regularizer } from './regularizers.ts';
import type { WeightOptions } from './rules.ts';

/** What a model tells its layers while it is built. */
export interface BuildContext {
  readonly seed: number;
  readonly dtype: FloatDType;
  /** The weights are overwritten at once, so zeros will do: drawing them may take longer than all else of loading. */
  readonly blank?: boolean;
}

/** What adds operations to a network: a layer. */
export interface Lowerable {
  readonly name: string;
  /** Adds its operations on the values `inputs`; returns the name of the value that it gives. */
  lower(at: Lowering, inputs: readonly string[]): string;
}

/** A network while layers add their operations to it. */
export class Lowering implements Graph<Parameter> {
  readonly context: BuildContext;
  readonly inputs: readonly Input[];
  readonly nodes: Node[] = [];
  readonly outputs: string[] = [];
  readonly weights: Map<string, Parameter> = new Map();
  /** The layers that were applied. */
  readonly applied: Set<Lowerable> = new Set();
  /** The layer that a node comes from. */
  readonly layerOf: Map<string, Lowerable> = new Map();
  /** The value that a layer gave when it was applied first. */
  readonly resultOf: Map<Lowerable, string> = new Map();
  private readonly values = new Map<string, Value>();
  private readonly names: Names;
  private current = '';

  constructor(context: BuildContext, inputs: readonly Input[], names: Names) {
    this.context = context;
    this.inputs = inputs;
    this.names = names;
    for (const { name, shape, dtype } of inputs) this.values.set(name, { shape, dtype, format: null });
  }

  /** Applies a layer to values; returns the name of the value that it gives. A layer applied twice shares its weights. */
  apply(layer: Lowerable, inputs: readonly string[]): string {
    const outer = this.current;
    const isFirst = !this.applied.has(layer);
    const own = isFirst ? layer.name : this.names.take(layer.name);
    this.current = own;
    const before = this.nodes.length;
    const result = layer.lower(this, inputs);
    for (const { name } of this.nodes.slice(before)) if (!this.layerOf.has(name)) this.layerOf.set(name, layer);
    this.applied.add(layer);
    if (isFirst) this.resultOf.set(layer, result);
    this.current = outer;
    return result;
  }

  /** The name of the layer that is being lowered, another one each time that it is applied: that of its main node. */
  get name(): string {
    return this.current;
  }

  /** A name for a further node that nothing has yet: the one wished for, else with _1, _2, ... behind it. */
  take(wished: string): string {
    return this.names.take(wished);
  }

  /** Whether a value is an input of the model. */
  isInput(value: string): boolean {
    return this.inputs.some(({ name }) => name === value);
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
    checkInputs(node as Node);
    checkTypes(node as Node, given);
    const facts = factsOf(node);
    readAttributes(facts.attributes, attrs, refusing(`node "${name}"`));
    const shape = facts.shape(givenOf(this, node, given));
    size(`network: node "${name}"`, shape);
    for (const [role, key] of Object.entries(weights)) {
      const { isStatistic = false, isPruned = false, unitAxis = -1 } = facts.weights?.[role] ?? {};
      const weight = this.weights.get(key)!;
      if (isPruned) weight.unitAxis = unitAxis;
      if (!isStatistic) continue;
      weight.isStatistic = true;
      weight.value.requiresGrad = false;
    }
    this.nodes.push(node as Node);
    this.values.set(name, { shape, dtype: this.context.dtype, format: null });
    return name;
  }

  /** Takes in a weight that a layer of the user's own has made. Throws where its name is taken. */
  adopt(layer: string, weight: Parameter): void {
    if (!(weight instanceof Parameter))
      throw new ValueError('build', `a weight of layer ${layer}`, 'a Parameter', weight);
    if (this.weights.has(weight.name))
      throw new ValueError('build', `the name of a weight of layer ${layer}`, `new, as ${layer}/kernel`, weight.name);
    if (weight.name.endsWith('/kernel')) weight.unitAxis = -1; // the role that is pruned
    this.weights.set(weight.name, weight);
  }

  /**
   * The key of the weight `<layer>/<role>`, made by numbers that depend on the seed and its name alone when the layer is
   * applied first. Throws ShapeError where it is applied again to values that need another shape.
   */
  weight(layer: string, role: string, shape: Shape, options: WeightOptions): string {
    checkOptions('weight', options, 'initializer regularizer constraint drawnAs kernel');
    const { initializer: choice, regularizer: rule, constraint, drawnAs = shape, kernel } = options;
    const { seed, dtype, blank = false } = this.context;
    const key = `${layer}/${role}`;
    const made = this.weights.get(key);
    if (made !== undefined) {
      if (sameShape(made.shape, shape)) return key;
      throw new ShapeError(
        'apply',
        [made.shape, shape],
        `layer ${layer} shares ${key} and cannot have two shapes of it`,
      );
    }
    size(`network: weight "${key}"`, shape);
    const random = new Random(seed, key);
    // A copy: a function may hand out one tensor twice, as to a layer and its clone.
    const drawn = initializer(blank ? 'zeros' : choice, kernel)(drawnAs, random, dtype);
    const value = parameter(keep(drawnAs === shape ? drawn : reshape(drawn, shape)));
    const held = noGrad(() => checkConstraint(constraint, key, value));
    this.weights.set(key, new Parameter(key, value, regularizer(rule), held));
    return key;
  }
}
