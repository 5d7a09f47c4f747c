import { ValueError } from './errors.ts';

/** The fields that are set. */
export function defined<T extends object>(options: T): Partial<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<T>;
}

type Words<S extends string> = S extends `${infer First} ${infer Rest}` ? First | Words<Rest> : S;

/** What the list of a type's fields has to be besides a string: nothing, or what the compiler is to complain of. */
type Listed<T, S extends string> = [Exclude<keyof T, Words<S>>, Exclude<Words<S>, keyof T>] extends [never, never]
  ? unknown
  : { readonly missing: Exclude<keyof T, Words<S>>; readonly unknown: Exclude<Words<S>, keyof T> };

/**
 * Throws ValueError for options that are no object, and for a field that is none of `names`: all fields of the options'
 * type with blanks between them, of which the compiler finds one that is missing.
 */
export function checkOptions<T extends object, const S extends string>(
  op: string,
  options: T,
  names: S & Listed<T, S>,
): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    throw new ValueError(op, 'options', `an object of ${names.replaceAll(' ', ', ')}`, options);
  const fields = Object.keys(options) as (keyof T & string)[];
  if (fields.length === 0) return;
  const known = names.split(' ');
  for (const field of fields) {
    if (known.includes(field)) continue;
    const wanted = `one of the options ${known.join(', ')}`;
    throw new ValueError(op, field, wanted, options[field], didYouMean(field, known));
  }
}

/** What Keras, PyTorch and scikit-learn call our names, in small letters and figures alone. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  accuracy: 'acc',
  activation: 'act nonlinearity',
  axis: 'dim dims axes',
  batchSize: 'batch bs',
  beta1: 'betas',
  binaryCrossentropy: 'bce bceloss logloss',
  categoricalCrossentropy: 'crossentropy crossentropyloss ce',
  delimiter: 'sep separator',
  epochs: 'nepochs numepochs maxiter',
  epsilon: 'eps',
  f1: 'f1score',
  folds: 'nsplits k',
  huber: 'smoothl1 smoothl1loss',
  inputShape: 'inputdim inputsize infeatures batchinputshape',
  kernelInitializer: 'init initializer weightinitializer',
  kernelRegularizer: 'regularizer weightregularizer',
  klDivergence: 'kldiv kldivloss kullbackleiblerdivergence',
  learningRate: 'lr',
  loss: 'lossfn criterion objective',
  mae: 'meanabsoluteerror l1loss',
  minLearningRate: 'minlr',
  missing: 'na fillna',
  mse: 'meansquarederror mseloss',
  r2: 'r2score',
  rho: 'alpha',
  rmse: 'rootmeansquarederror',
  seed: 'randomstate randomseed',
  sparsity: 'ratio rate fraction percentage amount',
  sparseCategoricalCrossentropy: 'nll nllloss',
  target: 'label labels y',
  temperature: 't',
  testSize: 'testsplit testratio',
  useBias: 'bias',
  validationData: 'validation valdata',
  validationSplit: 'valsplit',
};

const plain = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, '');

/** `Did you mean x?` for a name that is none of `known`; nothing where none is near. */
export function didYouMean(given: unknown, known: readonly string[]): string | undefined {
  const wanted = plain(String(given).slice(0, 60));
  const far = known.map((name) => (OTHER_NAMES[name]?.split(' ').includes(wanted) ? 0 : edits(wanted, plain(name))));
  const least = Math.min(...far);
  return least <= wanted.length / 3 ? `Did you mean ${known[far.indexOf(least)]}?` : undefined;
}

/** How many letters must change, come or go to make one word of another (Levenshtein 1966). */
function edits(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, j) => j); // from nothing to the first j letters
  for (let i = 0; i < from.length; i++) {
    const next = [i + 1];
    for (let j = 0; j < to.length; j++)
      next.push(Math.min(row[j]! + Number(from[i] !== to[j]), row[j + 1]! + 1, next[j]! + 1));
    row = next;
  }
  return row[to.length]!;
}
