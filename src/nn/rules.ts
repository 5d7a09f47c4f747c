import { defined } from '../base/options.ts';
import type { Shape } from '../base/shape.ts';
import type { Constraint } from './constraints.ts';
import type { Initializer } from './initializers.ts';
import type { RegularizerChoice } from './regularizers.ts';

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
