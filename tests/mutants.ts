/** What may stand in the place of a field: every kind of JSON, and odd numbers. `HUGE` is written as 1e400. */
const HUGE = '<1e400>';
const VALUES = ['no', '', HUGE, null, true, false, [], {}, -1, 0, 0.5, 1, 2, 1e308, 2 ** 53] as const;

export interface Mutant {
  /** As `layers.dense.trainable` or `metrics[1].k`. */
  readonly path: string;
  /** The names in the path. */
  readonly fields: readonly string[];
  readonly text: string;
}

type Json = null | boolean | number | string | readonly Json[] | { readonly [field: string]: Json };

const written = (value: unknown): string => JSON.stringify(value).replaceAll(JSON.stringify(HUGE), '1e400');

/** JSON with one field after another left out or replaced, with one field more, and with lists shortened and lengthened. */
export function mutants(root: unknown): Mutant[] {
  const found: Mutant[] = [];
  const walk = (value: Json, path: string, fields: readonly string[], put: (value: unknown) => unknown): void => {
    const add = (changed: unknown, at = path, names = fields): void => {
      if (JSON.stringify(changed) !== JSON.stringify(value) || at !== path)
        found.push({ path: at, fields: names, text: written(put(changed)) });
    };
    if (path !== '') for (const other of VALUES) add(other);
    if (Array.isArray(value)) {
      add([...value, null]);
      if (value.length > 0) for (const changed of [value.slice(1), [...value, value.at(-1)]]) add(changed);
      value.forEach((item: Json, i) => {
        walk(item, `${path}[${i}]`, fields, (x) => put(value.map((each: Json, j) => (j === i ? x : each))));
      });
    } else if (typeof value === 'object' && value !== null) {
      const object = value as Readonly<Record<string, Json>>;
      const inside = (field: string): string => (path === '' ? field : `${path}.${field}`);
      add({ ...object, stray: 1 }, inside('stray'), [...fields, 'stray']);
      for (const [field, item] of Object.entries(object)) {
        const { [field]: _, ...others } = object;
        add(others, inside(field), [...fields, field]);
        walk(item, inside(field), [...fields, field], (x) => put({ ...object, [field]: x }));
      }
    }
  };
  walk(root as Json, '', [], (x) => x);
  return found;
}
