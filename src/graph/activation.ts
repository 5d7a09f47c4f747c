/** The activations that a network can hold. `leakyRelu` and `elu` carry their parameter in `alpha`. */
export type ActivationName =
  | 'linear'
  | 'relu'
  | 'relu6'
  | 'leakyRelu'
  | 'elu'
  | 'gelu'
  | 'geluTanh'
  | 'sigmoid'
  | 'tanh'
  | 'softplus'
  | 'silu'
  | 'hardSwish'
  | 'exponential'
  | 'softmax'
  | 'logSoftmax';

/** An activation with its parameter: the slope of leakyRelu (default 0.2) or the alpha of elu (default 1). */
export interface ActivationSpec {
  readonly name: ActivationName;
  readonly alpha?: number;
}

interface ActivationFacts {
  /** Default of the parameter; none without one. */
  readonly alpha?: number;
  /** Works on each number by itself; the others on rows along the last axis. */
  readonly isElementwise: boolean;
  /** Gives another number for 0; 0 if left out. */
  readonly liftsZero?: boolean;
}

const plain: ActivationFacts = { isElementwise: true };
const lifting: ActivationFacts = { isElementwise: true, liftsZero: true };
const rows: ActivationFacts = { isElementwise: false, liftsZero: true };

/** One row an activation. */
export const ACTIVATION_FACTS: { readonly [A in ActivationName]: ActivationFacts } = {
  linear: plain,
  relu: plain,
  relu6: plain,
  leakyRelu: { ...plain, alpha: 0.2 },
  elu: { ...plain, alpha: 1 },
  gelu: plain,
  geluTanh: plain,
  sigmoid: lifting,
  tanh: plain,
  softplus: lifting,
  silu: plain,
  hardSwish: plain,
  exponential: lifting,
  softmax: rows,
  logSoftmax: rows,
};

/**
 * Names of the activations that a network can hold.
 *
 * @example
 * ACTIVATIONS.includes('gelu'); // true
 * const layers = ACTIVATIONS.map((activation) => new Dense(8, { activation })); // to try each of them
 */
export const ACTIVATIONS: readonly ActivationName[] = Object.keys(ACTIVATION_FACTS) as ActivationName[];

export const LINEAR: ActivationSpec = { name: 'linear' };

/** What products and convolutions apply to each number that they finish. */
const EPILOGUES = ['relu', 'relu6'] as const;

/** What of an activation a product applies itself: `linear` where it has to follow. */
export const epilogueOf = ({ name }: ActivationSpec): 'linear' | (typeof EPILOGUES)[number] =>
  EPILOGUES.find((each) => each === name) ?? 'linear';

/** The activation with its default parameter filled in, and without one that it does not have. */
export function activationOf({ name, alpha }: ActivationSpec): ActivationSpec {
  const usual = ACTIVATION_FACTS[name].alpha;
  return usual === undefined ? { name } : { name, alpha: alpha ?? usual };
}
