import { plainRecipe } from './recipes.ts';
import type { DistilStep, PruneStep, QuantizeStep, Recipe, StudentStep } from './types.ts';

const NOTHING: Recipe = { student: null, distil: null, prune: null, share: null, quantize: null, code: 'range' };
/** Hinton et al. 2015 have temperatures of 2 to 20; half of the loss stays with the labels, as in `distill`. */
const TEACHER: DistilStep = { temperature: 3, alpha: 0.5 };

const INT8: QuantizeStep = { method: 'rounded', format: 'static' };
const trained = (bits: number): QuantizeStep => ({ method: 'trained', bits, epochs: 40 });
const weights = (amount: number): PruneStep => ({ structure: 'weights', amount, criterion: 'magnitude', epochs: 40 });
const neurons = (amount: number): PruneStep => ({ structure: 'neurons', amount, criterion: 'magnitude', epochs: 40 });
const student = (width: number): StudentStep => ({ width, epochs: 60 });
const shared = (clusters: number): Recipe['share'] => ({ clusters, epochs: 30 });

/**
 * The recipes that `compress` tries where none are given, from what hardly changes the model to what leaves little of it: coded,
 * rounded, pruned, shared, narrower, taught, and for comparison narrow networks from scratch. Epochs are for about a thousand
 * samples; for many more, give `compress` recipes with fewer.
 *
 * @example
 * usualRecipes().length; // 41
 * recipeText(usualRecipes()[1]!); // static, rounded; range coded
 */
export function usualRecipes(): Recipe[] {
  const fromModel: Partial<Recipe>[] = [
    {},
    { quantize: INT8 },
    { quantize: { method: 'rounded', format: 'int4' } },
    { quantize: trained(4), distil: TEACHER },
    { quantize: trained(2), distil: TEACHER },
    { share: shared(16), distil: TEACHER },
    { prune: weights(0.8), quantize: INT8, distil: TEACHER },
    { prune: weights(0.9), quantize: INT8, distil: TEACHER },
    { prune: weights(0.8), share: shared(16), distil: TEACHER },
    { prune: weights(0.9), share: shared(16), distil: TEACHER },
    { prune: weights(0.95), share: shared(16), distil: TEACHER },
    { prune: weights(0.9), quantize: trained(4), distil: TEACHER },
    { prune: neurons(0.5), quantize: INT8, distil: TEACHER },
    { prune: neurons(0.5), quantize: trained(4), distil: TEACHER },
    { prune: neurons(0.75), quantize: INT8, distil: TEACHER },
    { prune: neurons(0.75), quantize: trained(2), distil: TEACHER },
    { prune: neurons(0.75), share: shared(16), distil: TEACHER },
  ];
  const taught = [0.5, 0.25, 0.18, 0.12].flatMap((width): Partial<Recipe>[] => [
    { student: student(width), distil: TEACHER, quantize: trained(4) },
    { student: student(width), distil: TEACHER, quantize: trained(2) },
    { student: student(width), distil: TEACHER, prune: weights(0.5), share: shared(16) },
    { student: student(width), distil: TEACHER, prune: weights(width === 0.5 ? 0.8 : 0.6), share: shared(8) },
  ]);
  const scratch = [0.5, 0.25, 0.18, 0.12].flatMap((width): Partial<Recipe>[] => [
    { student: student(width), code: 'none' },
    { student: student(width), share: shared(16) },
  ]);
  return [...fromModel, ...taught, ...scratch].map((own) => plainRecipe({ ...NOTHING, ...own }));
}
