/** What kernels and their memory throw, and what all errors of the library have in common. */

/**
 * Every error this library throws on purpose: one sentence for people, a stable `code` and facts for programs.
 *
 * @example
 * let told = '';
 * try {
 *   matmul(x, x);
 * } catch (error) {
 *   if (error instanceof WhittleError) told = `${error.code}: ${error.message}`;
 * }
 * told; // shape: matmul: inner sizes 4 and 200 differ, got [200, 4] and [200, 4]. Transpose one operand?
 */
export class WhittleError extends Error {
  /** Stable, for `switch`: `shape`, `dtype`, `gradient`, `disposed`, `value`, `format`, `limit`, `state`, `device`. */
  readonly code: string;
  /** Who refuses: the function, class or format. */
  readonly op: string;
  /** `kind` is the class's name before `Error`: minifiers change what the class itself is called. */
  constructor(kind: string, op: string, problem: string, got: readonly string[] = [], remedy?: string) {
    super(`${op}: ${problem}${got.length > 0 ? `, got ${got.join(' and ')}` : ''}${remedy ? `. ${remedy}` : ''}`);
    this.op = op;
    this.name = `${kind}Error`;
    this.code = kind.toLowerCase();
  }
}

/**
 * An option or argument outside its range.
 *
 * @example
 * let told: unknown;
 * try {
 *   new Dropout(2);
 * } catch (error) {
 *   if (error instanceof ValueError) told = [error.op, error.field, error.value];
 * }
 * told; // [ 'Dropout', 'rate', 2 ]
 */
export class ValueError extends WhittleError {
  readonly field: string;
  readonly value: unknown;
  constructor(op: string, field: string, requirement: string, value: unknown, remedy?: string) {
    super('Value', op, `${field} must be ${requirement}`, [show(value)], remedy);
    this.field = field;
    this.value = value;
  }
}

/**
 * A declared size past what this library, the caller's limit or the machine allows.
 *
 * @example
 * let told: unknown;
 * try {
 *   zeros([100_000, 100_000]);
 * } catch (error) {
 *   if (error instanceof LimitError) told = [error.asked, error.limit];
 * }
 * told; // [ 10000000000, 2147483647 ]
 */
export class LimitError extends WhittleError {
  readonly asked: number;
  readonly limit: number;
  constructor(op: string, what: string, asked: number, limit: number) {
    super('Limit', op, `${what} is ${asked}, the limit is ${limit}`);
    this.asked = asked;
    this.limit = limit;
  }
}

/**
 * A call that the object's present state does not allow, such as `fit` before `compile`.
 *
 * @example
 * const net = new Sequential([new Dense(2)]);
 * net.fit(x, y); // throws StateError: the model is not compiled
 */
export class StateError extends WhittleError {
  constructor(op: string, problem: string) {
    super('State', op, problem);
  }
}

/** A value as an error message shows it: short, and unambiguous about strings and NaN. */
export function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 57)}...` : value);
  if (Array.isArray(value)) return `[${value.slice(0, 8).map(show).join(', ')}${value.length > 8 ? ', ...' : ''}]`;
  if (value?.constructor === Object) {
    const fields = Object.keys(value).slice(0, 8).join(', ');
    return fields === '' ? '{}' : `{ ${fields} }`;
  }
  if (Object(value) === value) return `an object of ${(value as object).constructor?.name ?? 'no class'}`; // a function too
  return String(value);
}
