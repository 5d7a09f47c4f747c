/** What kernels and their memory throw, and what all errors of the library have in common. */

/** Every error this library throws on purpose: one sentence for people, a stable `code` and facts for programs. */
export class WhittleError extends Error {
  /** Stable, for `switch`: `shape`, `dtype`, `gradient`, `disposed`, `value`, `format`, `limit`, `state`, `device`. */
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
    this.name = new.target.name;
  }
}

/** An option or argument outside its range. */
export class ValueError extends WhittleError {
  readonly op: string;
  readonly field: string;
  readonly value: unknown;
  constructor(op: string, field: string, requirement: string, value: unknown) {
    super('value', `${op}: ${field} must be ${requirement}, got ${show(value)}`);
    this.op = op;
    this.field = field;
    this.value = value;
  }
}

/** A declared size past what this library, the caller's limit or the machine allows. */
export class LimitError extends WhittleError {
  readonly op: string;
  readonly asked: number;
  readonly limit: number;
  constructor(op: string, what: string, asked: number, limit: number) {
    super('limit', `${op}: ${what} is ${asked}, the limit is ${limit}`);
    this.op = op;
    this.asked = asked;
    this.limit = limit;
  }
}

/** A call that the object's present state does not allow, such as `fit` before `compile`. */
export class StateError extends WhittleError {
  readonly op: string;
  constructor(op: string, problem: string) {
    super('state', `${op}: ${problem}`);
    this.op = op;
  }
}

/** A value as an error message shows it: short, and unambiguous about strings and NaN. */
export function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 57)}...` : value);
  if (Array.isArray(value)) return `[${value.slice(0, 8).map(show).join(', ')}${value.length > 8 ? ', ...' : ''}]`;
  if (typeof value === 'object' && value !== null) return `an object of ${value.constructor?.name ?? 'no class'}`;
  return String(value);
}
