import { checkCount, checkOneOf, checkRange, ValueError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import { percent, short } from '../base/text.ts';
import { CODINGS } from '../io/code-weight.ts';
import type { DistilStep, PruneStep, QuantizeStep, Recipe, RecipeSpace, ShareStep, StudentStep } from './types.ts';

const OP = 'checkRecipe';

type StepName = Exclude<keyof Recipe, 'code'>;
type Step<S extends StepName> = NonNullable<Recipe[S]>;

interface StepFacts<S extends StepName> {
  /** Throws ValueError for what is no such step. `called` is what errors call it. */
  readonly check: (op: string, called: string, step: Step<S>) => void;
  /** Its fields in one order, so that equal steps are equal texts. */
  readonly fields: (step: Step<S>) => Step<S>;
  readonly text: (step: Step<S>) => string;
  /** Epochs that it trains, of which there may be fewer. */
  readonly epochs: (step: Step<S>) => number;
}

const WEIGHT_CRITERIA = ['magnitude', 'movement', 'taylor', 'wanda', 'random'];
const NEURON_CRITERIA = ['magnitude', 'l2', 'flow', 'gamma', 'taylor', 'activation', 'zeros', 'random'];
const FORMATS = 'static fixed dynamic float16 bfloat16 fixed8 fixed16 int8 uint8 int4 uint4 ternary binary'.split(' ');

/** Throws ValueError unless `value` is a number for which `holds`. */
function checkNumber(op: string, field: string, value: number, wanted: string, holds: boolean): void {
  if (typeof value !== 'number' || !holds) throw new ValueError(op, field, wanted, value);
}

/** One row a step. */
const STEPS: { readonly [S in StepName]: StepFacts<S> } = {
  student: {
    check(op, called, step) {
      checkOptions(`${op}: ${called}`, step, 'width epochs');
      const { width } = step;
      checkNumber(op, `${called}.width`, width, 'above 0, and at most 1', width > 0 && width <= 1);
      checkCount(op, `${called}.epochs`, step.epochs);
    },
    fields: ({ width, epochs }): StudentStep => ({ width, epochs }),
    text: ({ width, epochs }) => `a network of ${percent(width)} of the width, ${inEpochs(epochs)}`,
    epochs: ({ epochs }) => epochs,
  },
  distil: {
    check(op, called, step) {
      checkOptions(`${op}: ${called}`, step, 'temperature alpha');
      const { temperature: t } = step;
      checkNumber(op, `${called}.temperature`, t, 'from 0.001 to 1,000,000', t >= 0.001 && t <= 1e6);
      checkRange(op, `${called}.alpha`, step.alpha, 'between 0 and 1');
    },
    fields: ({ temperature, alpha }): DistilStep => ({ temperature, alpha }),
    text: ({ temperature, alpha }) => `taught at ${short(temperature)} (alpha ${short(alpha)})`,
    epochs: () => 0,
  },
  prune: {
    check(op, called, step) {
      checkOptions(`${op}: ${called}`, step, 'structure amount criterion epochs');
      checkOneOf(op, `${called}.structure`, step.structure, ['weights', 'neurons']);
      const { amount } = step;
      checkNumber(op, `${called}.amount`, amount, 'above 0 and below 1', amount > 0 && amount < 1);
      const criteria = step.structure === 'weights' ? WEIGHT_CRITERIA : NEURON_CRITERIA;
      checkOneOf(op, `${called}.criterion`, step.criterion, criteria);
      checkCount(op, `${called}.epochs`, step.epochs, step.criterion === 'movement' ? 1 : 0);
    },
    fields: ({ structure, amount, criterion, epochs }) => ({ structure, amount, criterion, epochs }) as PruneStep,
    text: ({ structure, amount, criterion, epochs }) =>
      `${percent(amount)} of the ${structure} pruned${criterion === 'magnitude' ? '' : ` by ${criterion}`}, ${inEpochs(epochs)}`,
    epochs: ({ epochs }) => epochs,
  },
  share: {
    check(op, called, step) {
      checkOptions(`${op}: ${called}`, step, 'clusters epochs');
      checkCount(op, `${called}.clusters`, step.clusters, 2, 256);
      checkCount(op, `${called}.epochs`, step.epochs, 0);
    },
    fields: ({ clusters, epochs }): ShareStep => ({ clusters, epochs }),
    text: ({ clusters, epochs }) => `${clusters} numbers a kernel, ${inEpochs(epochs)}`,
    epochs: ({ epochs }) => epochs,
  },
  quantize: {
    check(op, called, step) {
      checkOneOf(op, `${called}.method`, Object(step).method, ['rounded', 'trained']);
      if (step.method === 'rounded') {
        checkOptions(`${op}: ${called}`, step, 'method format');
        checkOneOf(op, `${called}.format`, step.format, FORMATS);
      } else {
        checkOptions(`${op}: ${called}`, step, 'method bits epochs');
        checkCount(op, `${called}.bits`, step.bits, 2, 8);
        checkCount(op, `${called}.epochs`, step.epochs);
      }
    },
    fields: (step): QuantizeStep =>
      step.method === 'rounded'
        ? { method: 'rounded', format: step.format }
        : { method: 'trained', bits: step.bits, epochs: step.epochs },
    text: (step) =>
      step.method === 'rounded' ? `${step.format}, rounded` : `int${step.bits}, trained ${inEpochs(step.epochs)}`,
    epochs: (step) => (step.method === 'trained' ? step.epochs : 0),
  },
};

const NAMES = Object.keys(STEPS) as StepName[];

const inEpochs = (n: number): string => (n === 0 ? 'untrained' : `${n} epoch${n === 1 ? '' : 's'}`);

/**
 * Throws ValueError, which names the field, for what is no recipe: a field that is missing, of another type or out of its range;
 * and for steps that do not go together: shared and quantized, which both say what the numbers of a kernel are, and a teacher
 * with nothing to train.
 *
 * @example
 * const recipe = usualRecipes()[1]!;
 * checkRecipe(recipe);
 * checkRecipe({ ...recipe, share: { clusters: 16, epochs: 5 } }); // throws ValueError
 */
export function checkRecipe(recipe: Recipe): void {
  checked(OP, 'the recipe', recipe);
}

/** The same as part of something else. */
export function checked(op: string, called: string, recipe: Recipe): void {
  if (typeof recipe !== 'object' || recipe === null || Array.isArray(recipe))
    throw new ValueError(op, called, `an object of ${NAMES.join(', ')} and code`, recipe);
  checkOptions(`${op}: ${called}`, recipe, 'student distil prune share quantize code');
  for (const name of NAMES) checkStep(op, `${called}.${name}`, name, recipe[name]);
  checkOneOf(op, `${called}.code`, recipe.code, CODINGS);
  const conflict = conflictOf(recipe);
  if (conflict !== null) throw new ValueError(op, called, conflict, recipe);
}

function checkStep<S extends StepName>(op: string, called: string, name: S, step: Recipe[S]): void {
  if (step === null) return;
  if (typeof step !== 'object' || Array.isArray(step))
    throw new ValueError(op, called, 'an object, or null where the step is left out', step);
  STEPS[name].check(op, called, step as Step<S>);
}

/** What two steps that do not go together had to be; null where all do. */
function conflictOf(recipe: Recipe): string | null {
  if (recipe.share !== null && recipe.quantize !== null)
    return 'shared or quantized, not both: either says what the numbers of a kernel are';
  if (recipe.distil !== null && epochsIn(recipe) === 0) return 'trained somewhere, if it is taught';
  return null;
}

/** Epochs of all steps. */
const epochsIn = (recipe: Recipe): number => NAMES.reduce((sum, name) => sum + epochsOf(name, recipe[name]), 0);

const epochsOf = <S extends StepName>(name: S, step: Recipe[S]): number =>
  step === null ? 0 : STEPS[name].epochs(step as Step<S>);

const fieldsOf = <S extends StepName>(name: S, step: Recipe[S]): Step<S> | null =>
  step === null ? null : STEPS[name].fields(step as Step<S>);

const textOf = <S extends StepName>(name: S, step: Recipe[S]): string[] =>
  step === null ? [] : [STEPS[name].text(step as Step<S>)];

/** The recipe with its fields in one order, and none of another's objects. */
export const plainRecipe = (recipe: Recipe): Recipe => ({
  student: fieldsOf('student', recipe.student),
  distil: fieldsOf('distil', recipe.distil),
  prune: fieldsOf('prune', recipe.prune),
  share: fieldsOf('share', recipe.share),
  quantize: fieldsOf('quantize', recipe.quantize),
  code: recipe.code,
});

/**
 * A text that two recipes have in common only if they are the same, in whatever order their fields are: its JSON.
 *
 * @example
 * const first = usualRecipes()[0]!;
 * recipeKey(JSON.parse(JSON.stringify(first))) === recipeKey(first); // true
 * recipeKey({ ...first, code: 'huffman' }) === recipeKey(first); // false
 */
export function recipeKey(recipe: Recipe): string {
  checked('recipeKey', 'the recipe', recipe);
  return JSON.stringify(plainRecipe(recipe));
}

/**
 * A recipe as one line.
 *
 * @example
 * recipeText({
 *   ...{ student: null, distil: null, share: null, quantize: { method: 'rounded', format: 'static' }, code: 'range' },
 *   prune: { structure: 'weights', amount: 0.9, criterion: 'magnitude', epochs: 8 },
 * }); // 90 % of the weights pruned, 8 epochs; static, rounded; range coded
 */
export function recipeText(recipe: Recipe): string {
  checked('recipeText', 'the recipe', recipe);
  const steps = NAMES.flatMap((name) => textOf(name, recipe[name]));
  const code = recipe.code === 'none' ? [] : [`${recipe.code === 'huffman' ? 'Huffman' : recipe.code} coded`];
  const scratch = isBaseline(recipe) ? ['from scratch'] : [];
  const all = [...scratch, ...steps, ...code];
  return all.length === 0 ? 'the model as it is' : all.join('; ');
}

/**
 * Whether a recipe trains a small network from scratch, by the labels alone: what the others are compared with.
 *
 * @example
 * usualRecipes().filter(isBaseline).length; // 8
 */
export const isBaseline = ({ student, distil }: Recipe): boolean => student !== null && distil === null;

/**
 * All recipes that steps of these kinds make, in order, the last step changing first; those whose steps do not go together are
 * left out. Throws ValueError for a step that is none, and where nothing is left.
 *
 * @example
 * const space: RecipeSpace = {
 *   student: [null, { width: 0.25, epochs: 20 }],
 *   distil: [null],
 *   prune: [null],
 *   share: [null, { clusters: 16, epochs: 5 }],
 *   quantize: [null, { method: 'rounded', format: 'static' }],
 *   code: ['range'],
 * };
 * recipesIn(space).length; // 6
 */
export function recipesIn(space: RecipeSpace): Recipe[] {
  return recipesOf('recipesIn', space);
}

export function recipesOf(op: string, space: RecipeSpace): Recipe[] {
  checkOptions(`${op}: the space`, space, 'student distil prune share quantize code');
  for (const name of [...NAMES, 'code'] as const)
    if (!Array.isArray(space[name]) || space[name].length === 0)
      throw new ValueError(op, `${name} of the space`, 'a list of what the step may be, [null] for none', space[name]);
  for (const name of NAMES) for (const [i, step] of space[name].entries()) checkStep(op, `${name}[${i}]`, name, step);
  for (const code of space.code) checkOneOf(op, 'code of the space', code, CODINGS);
  const found: Recipe[] = [];
  for (const student of space.student)
    for (const distil of space.distil)
      for (const prune of space.prune)
        for (const share of space.share)
          for (const quantize of space.quantize)
            for (const code of space.code) {
              const recipe = { student, distil, prune, share, quantize, code };
              if (conflictOf(recipe) === null) found.push(plainRecipe(recipe));
            }
  if (found.length === 0) throw new ValueError(op, 'the space', 'one with steps that go together', space);
  return found;
}
