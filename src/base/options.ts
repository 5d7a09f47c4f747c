import { show, ValueError } from './errors.ts';

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
 * type with blanks between them, of which the compiler finds one that is missing. `instead` says what to write for a number
 * or a list, which it has as $; for the name of an activation that is known.
 */
export function checkOptions<T extends object, const S extends string>(
  op: string,
  options: T,
  names: S & Listed<T, S>,
  instead?: string,
): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    const isName = typeof options === 'string' && names.split(' ').includes('activation');
    const isValue = typeof options === 'number' || Array.isArray(options);
    const remedy = isName ? 'Write { activation: $ }' : isValue ? instead : undefined;
    throw new ValueError(
      op,
      'options',
      `an object of ${names.replaceAll(' ', ', ')}`,
      options,
      remedy?.replaceAll('$', () => show(options)),
    );
  }
  const fields = Object.keys(options) as (keyof T & string)[];
  if (fields.length === 0) return;
  const known = names.split(' ');
  for (const field of fields) {
    if (known.includes(field)) continue;
    const wanted = `one of the options ${known.join(', ')}`;
    throw new ValueError(op, field, wanted, options[field], ABSENT.get(plain(field)) ?? didYouMean(field, known));
  }
}

/** What other libraries have an option for and this one does not, in small letters and figures. */
const ABSENT: ReadonlyMap<string, string> = new Map([['dataformat', 'Channels are the last axis everywhere']]);

/** `checkOneOf` that says which text was meant, by `'elasticnet'` or null, where the bytes of a program do not matter. */
export function checkChoice(op: string, field: string, value: string, texts: readonly string[]): void {
  if (texts.includes(value)) return;
  const meant = didYouMean(value === null ? 'none' : value, texts);
  throw new ValueError(op, field, texts.join(' or '), value, meant);
}

/** Throws ValueError unless all fields are numbers, none of them NaN, of at least `least`. */
export function checkNumbers(op: string, fields: Readonly<Record<string, unknown>>, least: number = -Infinity): void {
  const wanted = least === -Infinity ? 'a number' : `at least ${least}`;
  for (const [field, value] of Object.entries(fields))
    if (!(typeof value === 'number' && value >= least)) throw new ValueError(op, field, wanted, value);
}

/** Throws ValueError unless `value` is a function, such as `wanted`. */
export function checkFunction(op: string, field: string, value: unknown, wanted: string, remedy?: string): void {
  if (typeof value !== 'function') throw new ValueError(op, field, `a function ${wanted}`, value, remedy);
}

/** For a function that takes no options: throws ValueError for what it is given in their place. */
export function checkNone(op: string, given: readonly unknown[]): void {
  if (given.length > 0) throw new ValueError(op, 'the options', 'left out: there are none', given[0]);
}

/**
 * Throws ValueError unless `list` is a list of objects that have one of these methods each, or more of them: all of the
 * type's, with blanks between them.
 */
export function checkListeners<T extends object, const S extends string>(
  op: string,
  field: string,
  list: readonly T[],
  names: S & Listed<T, S>,
): void {
  const methods = names.split(' ');
  if (!Array.isArray(list)) {
    const remedy = typeof list === 'object' && list !== null ? `Put it in a list: ${field}: [...]` : undefined;
    throw new ValueError(op, field, 'a list of objects', list, remedy);
  }
  for (const [i, each] of (list as readonly unknown[]).entries()) {
    const given = Object(each) as Readonly<Record<string, unknown>>;
    const held = typeof each === 'object' ? methods.filter((name) => given[name] !== undefined) : [];
    const wrong = held.find((name) => typeof given[name] !== 'function');
    if (wrong !== undefined) throw new ValueError(op, `${wrong} of ${field}[${i}]`, 'a function', given[wrong]);
    if (held.length > 0) continue;
    const own = [given, Object.getPrototypeOf(given) ?? given].flatMap((from) => Object.getOwnPropertyNames(from));
    const isClass = methods.some((name) => Object(given.prototype)[name] !== undefined);
    const near = own.map((name) => didYouMean(name, methods)).find((hint) => hint !== undefined);
    const remedy = isClass ? 'Make an object of the class with new' : near;
    throw new ValueError(op, `${field}[${i}]`, `an object with ${methods.join(' or ')}`, each, remedy);
  }
}

/** What Keras, PyTorch and scikit-learn call our names, in small letters and figures alone. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  accuracy: 'acc accuracyscore',
  activation: 'act nonlinearity',
  auc: 'rocauc rocaucscore',
  axis: 'dim dims axes',
  batchSize: 'batch bs',
  bfloat16: 'bf16',
  beta1: 'betas',
  binaryCrossentropy: 'bce bceloss bcewithlogitsloss logloss',
  categoricalCrossentropy: 'crossentropy ce',
  delimiter: 'sep separator',
  depthMultiplier: 'multiplier channelmultiplier',
  dilationRate: 'dilation dilations',
  epochs: 'nepochs numepochs maxiter',
  epsilon: 'eps',
  f1: 'f1score',
  fixed: 'fixedpoint qformat',
  float16: 'fp16 half',
  float32: 'fp32 float',
  folds: 'nsplits k',
  gamma: 'batchnorm bn slimming',
  hinge: 'hingeloss',
  huber: 'huberloss smoothl1 smoothl1loss',
  inputShape: 'inputdim inputsize infeatures batchinputshape',
  kernelInitializer: 'init initializer weightinitializer',
  kernelRegularizer: 'regularizer weightregularizer',
  klDivergence: 'kld kldiv kldivloss kullbackleiblerdivergence',
  learningRate: 'lr',
  limit: 'maxdamage',
  linear: 'identity none',
  loss: 'lossfn criterion objective',
  mae: 'meanabsoluteerror l1loss l1',
  magnitude: 'l1 l1norm',
  minLearningRate: 'minlr',
  minMax: 'absmax range',
  movingAverage: 'ema movingaverageminmax',
  missing: 'na fillna',
  mse: 'meansquarederror mseloss',
  percentile: 'quantile',
  poolSize: 'size kernelsize',
  r2: 'r2score',
  rho: 'alpha',
  rmse: 'rootmeansquarederror',
  seed: 'randomstate randomseed',
  sigmoid: 'logistic',
  silu: 'swish',
  sparsity: 'ratio rate fraction percentage amount',
  sparseCategoricalCrossentropy: 'nll nllloss crossentropyloss',
  target: 'label labels y',
  temperature: 't',
  testSize: 'testsplit testratio',
  topKAccuracy: 'topkcategoricalaccuracy sparsetopkcategoricalaccuracy',
  useBias: 'bias',
  validationData: 'validation valdata',
  validationSplit: 'valsplit',
  zeros: 'apoz',
};

/** Near to names of ours, and something else. */
const OF_OTHERS = ['msle', 'mape'];

const plain = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, '');

/** `Did you mean x?` for a name that is none of `known`; nothing where none is near. */
export function didYouMean(given: unknown, known: readonly string[]): string | undefined {
  if (typeof given !== 'string') return undefined;
  const wanted = plain(given.slice(0, 60).replace(/^(torch\.)?nn\./, ''));
  if (OF_OTHERS.includes(wanted)) return undefined;
  const far = known.map((name) => (OTHER_NAMES[name]?.split(' ').includes(wanted) ? 0 : edits(wanted, plain(name))));
  const least = Math.min(...far);
  const options = wanted.includes('withlogits') ? '({ fromLogits: true })' : '';
  return least <= wanted.length / 3 ? `Did you mean ${known[far.indexOf(least)]}${options}?` : undefined;
}

/** `Call the function: x()` for the name of one that a value is made by: `calls` has them by their names. */
export function callMeant(given: unknown, calls: Readonly<Record<string, string>>): string | undefined {
  const meant = didYouMean(given, Object.keys(calls));
  const name = Object.keys(calls).find((each) => meant === `Did you mean ${each}?`);
  return name && `Call the function: ${calls[name]}`;
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
