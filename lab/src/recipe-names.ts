import { isBaseline, type Recipe } from 'whittle-ml';
import { percent } from './format.ts';

/** A recipe in a few words, to tell points apart by: `student 18 %, taught, 60 % pruned, 8 shared`. */
export function recipeName(recipe: Recipe): string {
  const { student, distil, prune, share, quantize } = recipe;
  const steps = [
    student && `${isBaseline(recipe) ? 'from scratch' : 'student'} ${percent(student.width)}`,
    distil && 'taught',
    prune && `${percent(prune.amount)} ${prune.structure === 'weights' ? 'pruned' : 'of neurons pruned'}`,
    share && `${share.clusters} shared`,
    quantize && (quantize.method === 'rounded' ? quantize.format : `int${quantize.bits} trained`),
  ];
  return steps.filter((step) => step !== null).join(', ') || 'as it is';
}

/** The recipe with other epochs in every step that trains. */
export function withEpochs(recipe: Recipe, epochs: (usual: number) => number): Recipe {
  const of = <S extends object | null>(step: S): S =>
    step !== null && 'epochs' in step && typeof step.epochs === 'number' && step.epochs > 0
      ? { ...step, epochs: epochs(step.epochs) }
      : step;
  const { student, prune, share, quantize } = recipe;
  return { ...recipe, student: of(student), prune: of(prune), share: of(share), quantize: of(quantize) };
}

/** Where the network of a point is written, below the folder of the report: `points/07-taught-int4-trained.safetensors`. */
export function pointPath(number: number, name: string, most: number): string {
  const words = name.replace(/[^a-z0-9]+/g, '-').replace(/-$/, '');
  return `points/${String(number).padStart(String(most).length, '0')}-${words}.safetensors`;
}
