import { ValueError } from '../base/errors.ts';
import { defined, didYouMean } from '../base/options.ts';
import type { Shape } from '../base/shape.ts';
import { factsOf } from '../graph/facts.ts';
import type { Node } from '../graph/graph.ts';
import { type Constraint, checkForm } from './constraints.ts';
import { type Initializer, initializer } from './initializers.ts';
import type { Parameter } from './parameter.ts';
import { type RegularizerChoice, regularizer } from './regularizers.ts';

/** Weights of the library's layers that options say how to begin and hold. */
const ROLES = ['kernel', 'bias', 'gamma', 'beta', 'embeddings', 'mean', 'variance'] as const;
const KINDS = ['Initializer', 'Regularizer', 'Constraint'] as const;

type Role = (typeof ROLES)[number];

/** How the weights of these roles begin, penalties on them, and what each step brings them to. */
export type RulesOf<R extends string> = { readonly [K in `${R}Initializer`]?: Initializer } & {
  readonly [K in `${R}Regularizer`]?: RegularizerChoice;
} & { readonly [K in `${R}Constraint`]?: Constraint };

/** Those of any layer: what a network does not tell of it. */
export type WeightRules = RulesOf<Role>;

/** How a weight begins, and what it is held to. */
export interface WeightOptions {
  readonly initializer: Initializer;
  readonly regularizer?: RegularizerChoice | undefined;
  readonly constraint?: Constraint | undefined;
  /** The shape that the initializer is asked for, of as many numbers: other fans. Default: that of the weight. */
  readonly drawnAs?: Shape;
  /** The layer's kernel, by whose inputs `torchUniform` draws. Default: what the initializer is asked for. */
  readonly kernel?: Shape;
}

/** What the options of a layer say of one of its weights; `usual` is how it begins if they say nothing. */
export function weightRule(rules: WeightRules, role: Role, usual: Initializer): WeightOptions {
  const { [`${role}Initializer` as const]: initializer = usual } = rules;
  return { initializer, regularizer: rules[`${role}Regularizer`], constraint: rules[`${role}Constraint`] };
}

/** The rules among the options of a layer, those of these weights. */
export const rulesOf = (options: WeightRules, roles: readonly Role[] = ROLES): WeightRules =>
  Object.assign({}, ...roles.map((role) => renamed(options, role, role)));

/** The rules of a weight by another word: Keras says `depthwise` to a kernel, and `movingMean` to a mean. */
export function renamed(options: object, from: string, to: string): object {
  const given = options as Readonly<Record<string, unknown>>;
  return defined(Object.fromEntries(KINDS.map((kind) => [`${to}${kind}`, given[`${from}${kind}`]])));
}

/** Throws ValueError for what makes, penalizes or holds no weight, among the options of a layer. */
export function checkRules(options: object): void {
  for (const [field, choice] of Object.entries(options)) {
    if (choice === undefined) continue;
    if (field.endsWith('Initializer')) initializer(choice);
    else if (field.endsWith('Regularizer')) regularizer(choice);
    else if (field.endsWith('Constraint')) checkForm(field, choice);
  }
}

/** Constraints by names of weights, `<layer>/<role>`. */
export type Constraints = Readonly<Record<string, Constraint>>;

/** Throws ValueError for what is given as a constraint and is none. */
export function checkForms(given: Constraints): void {
  for (const [key, constraint] of Object.entries(given))
    if (constraint !== undefined) checkForm(`that of ${key}`, constraint);
}

/** The constraints that are given for weights of a node; null for none. */
export function constraintsOf(node: Node, given: Constraints): WeightRules | null {
  const own = Object.entries(factsOf(node).weights ?? {}).flatMap(([role, { isStatistic = false }]) => {
    const key = `${node.name}/${role}`;
    return Object.hasOwn(given, key) && !isStatistic ? [[`${role}Constraint`, given[key]]] : [];
  });
  return own.length === 0 ? null : Object.fromEntries(own);
}

/** Throws ValueError for a constraint that is given for no weight that can have one. */
export function checkGiven(op: string, constraints: Constraints, weights: readonly Parameter[]): void {
  const names = weights.flatMap(({ name, isStatistic }) => (isStatistic ? [] : [name]));
  for (const [name, constraint] of Object.entries(constraints))
    if (!names.includes(name)) {
      const wanted = `for one of the weights ${names.slice(0, 8).join(', ')}${names.length > 8 ? ', ...' : ''}`;
      throw new ValueError(op, `constraints["${name}"]`, wanted, constraint, didYouMean(name, names));
    }
}
