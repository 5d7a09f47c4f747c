/** How to make something again: its name and its options. */
export type Recipe = Readonly<Record<string, number | boolean | string | readonly number[]>>;

/** For types of a name and a `call`, both of which a function has: one that makes such a thing is none itself. */
export interface NoFunction {
  readonly bind?: never;
}

const RECIPES = new WeakMap<object, Recipe>();

/** Notes that the library made this, and how. A copy with other fields is the user's own: a file must not hold it by the name. */
export function made<T extends { readonly name: string; readonly options?: Recipe }>(
  thing: T,
  recipe: Recipe = { name: thing.name, ...thing.options },
): T {
  RECIPES.set(thing, recipe);
  return thing;
}

/** What a file holds of a thing; undefined for code of the user's own. */
export const recipeOf = (thing: object): Recipe | undefined => RECIPES.get(thing);
