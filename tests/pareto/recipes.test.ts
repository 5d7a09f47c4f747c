import { describe, expect, test } from 'vitest';
import {
  checkRecipe,
  isBaseline,
  type Recipe,
  recipeKey,
  recipesIn,
  recipeText,
  usualRecipes,
  ValueError,
} from '../../src/index.ts';
import { HALF, INT8, NOTHING, RECIPES, recipe, SPACE, TAUGHT } from './tools.ts';

describe('a recipe', () => {
  test.each(usualRecipes().map((each) => [recipeText(each), each] as const))('of the usual is one: %s', (_, each) => {
    checkRecipe(each);
    expect(JSON.parse(JSON.stringify(each))).toEqual(each);
  });

  test('has one key whatever the order of its fields, and no other has it', () => {
    const turned = (value: unknown): unknown =>
      typeof value === 'object' && value !== null
        ? Object.fromEntries(
            Object.entries(value)
              .reverse()
              .map(([field, own]) => [field, turned(own)]),
          )
        : value;
    for (const each of usualRecipes()) expect(recipeKey(turned(each) as Recipe)).toBe(recipeKey(each));
    const all = [...usualRecipes(), ...recipesIn(SPACE), ...RECIPES];
    const distinct = new Set(all.map((each) => JSON.stringify(each)));
    expect(new Set(all.map(recipeKey)).size).toBe(distinct.size);
    expect(new Set(all.map(recipeText)).size).toBe(distinct.size);
  });

  test('is one line of text, in the order of its steps', () => {
    const own = recipe({
      student: { width: 0.25, epochs: 1 },
      distil: TAUGHT,
      prune: HALF,
      share: { clusters: 8, epochs: 0 },
    });
    expect(recipeText(own)).toBe(
      'a network of 25 % of the width, 1 epoch; taught at 2 (alpha 0.5); 50 % of the weights pruned, 2 epochs; 8 numbers a kernel, untrained; range coded',
    );
    expect(recipeText(recipe({ code: 'none' }))).toBe('the model as it is');
    expect(recipeText(recipe({ student: { width: 1, epochs: 2 }, code: 'huffman' }))).toBe(
      'from scratch; a network of 100 % of the width, 2 epochs; Huffman coded',
    );
  });

  test('is the baseline where a network is trained from scratch by labels alone', () => {
    expect(RECIPES.map(isBaseline)).toEqual([false, false, false, false, false, true]);
  });

  const wrong: readonly (readonly [field: string, own: object])[] = [
    ['student.width', { student: { width: 0, epochs: 1 } }],
    ['student.width', { student: { width: 1.5, epochs: 1 } }],
    ['student.epochs', { student: { width: 0.5, epochs: 0 } }],
    ['student.depth', { student: { width: 0.5, epochs: 1, depth: 2 } }],
    ['student', { student: 0.5 }],
    ['student', { student: undefined }],
    ['distil.temperature', { distil: { temperature: 0, alpha: 0.5 }, prune: HALF }],
    ['distil.alpha', { distil: { temperature: 1, alpha: 2 }, prune: HALF }],
    ['prune.structure', { prune: { ...HALF, structure: 'layers' } }],
    ['prune.amount', { prune: { ...HALF, amount: 1 } }],
    ['prune.amount', { prune: { ...HALF, amount: '0.5' } }],
    ['prune.criterion', { prune: { ...HALF, criterion: 'snip' } }],
    ['prune.epochs', { prune: { ...HALF, criterion: 'movement', epochs: 0 } }],
    ['share.clusters', { share: { clusters: 1, epochs: 1 } }],
    ['share.clusters', { share: { clusters: 257, epochs: 1 } }],
    ['quantize.method', { quantize: { format: 'static' } }],
    ['quantize', { quantize: [] }],
    ['quantize.format', { quantize: { method: 'rounded', format: 'float32' } }],
    ['quantize.bits', { quantize: { method: 'trained', bits: 9, epochs: 1 } }],
    ['quantize.epochs', { quantize: { method: 'trained', bits: 8, epochs: 0 } }],
    ['code', { code: 'zip' }],
    ['the recipe', { share: { clusters: 8, epochs: 1 }, quantize: INT8 }],
    ['the recipe', { distil: TAUGHT, quantize: INT8 }],
    ['zip', { zip: true }],
  ];
  test.each(wrong)('is refused with a wrong %s', (field, own) => {
    let told: unknown;
    try {
      checkRecipe({ ...NOTHING, ...own } as Recipe);
    } catch (error) {
      told = error;
    }
    expect(told).toBeInstanceOf(ValueError);
    expect((told as ValueError).message).toContain(field.split('.').at(-1)!);
  });

  test.each([null, 3, 'all', [], undefined])('is no %s', (given) => {
    expect(() => checkRecipe(given as never)).toThrow(ValueError);
  });
});

describe('a space', () => {
  test('has all recipes whose steps go together, each once', () => {
    const all = recipesIn(SPACE);
    expect(all).toHaveLength(2 * 2 * 3);
    expect(new Set(all.map(recipeKey)).size).toBe(12);
    for (const each of all) checkRecipe(each);
  });

  test('is refused where a step is missing or wrong, or nothing goes together', () => {
    expect(() => recipesIn({ ...SPACE, prune: undefined as never })).toThrow('prune of the space must be a list');
    expect(() => recipesIn({ ...SPACE, prune: [] })).toThrow('prune of the space must be a list');
    expect(() => recipesIn({ ...SPACE, prune: [{ ...HALF!, amount: 2 }] })).toThrow('prune[0].amount must be');
    expect(() => recipesIn({ ...SPACE, code: ['zip' as never] })).toThrow('code of the space must be');
    expect(() => recipesIn({ ...SPACE, share: [{ clusters: 8, epochs: 1 }], quantize: [INT8] })).toThrow(
      'steps that go together',
    );
  });
});
