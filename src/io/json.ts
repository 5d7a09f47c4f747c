/** What JSON text holds. Objects are Maps, so that a key such as `__proto__` is a key like any other. */
export type JsonValue = null | boolean | number | string | JsonValue[] | JsonObject;

/** An object of a JSON text, its keys in the order of the text. */
export class JsonObject extends Map<string, JsonValue> {
  /** Index of its `{` in the text. */
  readonly at: number;
  constructor(at: number) {
    super();
    this.at = at;
  }
}

export interface JsonOptions {
  /** How many arrays and objects may lie inside each other. Default 16. */
  readonly maxDepth?: number;
  /** Whether numbers must be written as plain non-negative integers. Default false. */
  readonly integersOnly?: boolean;
}

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const INTEGER = /(?:0|[1-9][0-9]*)(?![.eE0-9])/y;
const SPACE = /[ \t\n\r]*/y;
const LITERALS = Object.entries({ true: true, false: false, null: null });
const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * JSON (RFC 8259) for untrusted text. Unlike JSON.parse it refuses a key that comes twice in one object, nesting past
 * `maxDepth` and strings that are not Unicode, and it takes linear time. `fail` makes the error from a problem and an
 * index into the text.
 */
export function parseJson(
  text: string,
  fail: (problem: string, at: number) => Error,
  options: JsonOptions = {},
): JsonValue {
  const { maxDepth = 16, integersOnly = false } = options;
  let at = 0;

  const space = (): string => {
    SPACE.lastIndex = at;
    SPACE.test(text);
    at = SPACE.lastIndex;
    return text.charAt(at);
  };
  const expect = (character: string, place: string): void => {
    if (space() !== character) throw fail(`expected ${character} ${place}`, at);
    at++;
  };

  const string = (): string => {
    const start = at;
    for (at++; text[at] !== '"'; at++) {
      if (at >= text.length) throw fail('a string has no end', start);
      if (text[at] === '\\') at++;
    }
    at++;
    let value: string;
    try {
      value = JSON.parse(text.slice(start, at)) as string;
    } catch {
      throw fail('a control character in a string, or an escape sequence that JSON does not know', start);
    }
    if (LONE_SURROGATE.test(value)) throw fail('half of a surrogate pair in a string', start);
    return value;
  };

  const number = (): number => {
    const pattern = integersOnly ? INTEGER : NUMBER;
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match === null) throw fail(integersOnly ? 'expected a non-negative integer' : 'expected a JSON value', at);
    at = pattern.lastIndex;
    return Number(match[0]);
  };

  /** Items with commas between them, from the opening bracket to the closing one. */
  const items = (end: string, what: string, item: () => void): void => {
    at++;
    if (space() !== end) {
      for (;;) {
        item();
        if (space() !== ',') break;
        at++;
      }
    }
    expect(end, `at the end of an ${what}`);
  };

  const array = (depth: number): JsonValue[] => {
    const values: JsonValue[] = [];
    items(']', 'array', () => values.push(value(depth)));
    return values;
  };

  const object = (depth: number): JsonObject => {
    const entries = new JsonObject(at);
    items('}', 'object', () => {
      if (space() !== '"') throw fail('expected a key in quotes', at);
      const start = at;
      const key = string();
      if (entries.has(key)) throw fail(`the key ${JSON.stringify(key.slice(0, 60))} comes twice`, start);
      expect(':', 'after a key');
      entries.set(key, value(depth));
    });
    return entries;
  };

  const value = (depth: number): JsonValue => {
    const character = space();
    if ((character === '{' || character === '[') && depth >= maxDepth) {
      throw fail(`more than ${maxDepth} levels of nesting`, at);
    }
    if (character === '{') return object(depth + 1);
    if (character === '[') return array(depth + 1);
    if (character === '"') return string();
    for (const [word, literal] of LITERALS)
      if (text.startsWith(word, at)) {
        at += word.length;
        return literal;
      }
    return number();
  };

  const result = value(0);
  space();
  if (at < text.length) throw fail('text after the end of the JSON value', at);
  return result;
}
