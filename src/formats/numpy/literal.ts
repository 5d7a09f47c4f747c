import { FormatError } from '../../base/errors.ts';
import type { Shape } from '../../base/shape.ts';

/** What the header of an NPY file says. */
export interface Header {
  /** As `<f4`. */
  readonly descr: string;
  /** Whether the first axis is the one that changes fastest. */
  readonly fortranOrder: boolean;
  readonly shape: Shape;
}

const SPACE = /[ \t\n\r]*/y;
const TEXT = /'([^'"\\\n]*)'|"([^'"\\\n]*)"/y;
const WORD = /True|False/y;
/** Python 2 wrote long integers with an L. */
const COUNT = /(\d{1,16})L?(?![\w.])/y;

/**
 * The header of an NPY file, a dictionary of Python with these three entries and no others:
 * `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`. It is read by its own small grammar, in one pass; nothing of
 * it is evaluated. Throws FormatError, which names the entry and the byte.
 */
export function parseHeader(text: string, start: number): Header {
  let at = 0;
  const fail = (field: string, problem: string): never => {
    throw new FormatError('npy', field, problem, start + at);
  };
  const space = (): string => {
    SPACE.lastIndex = at;
    SPACE.test(text);
    at = SPACE.lastIndex;
    return text.charAt(at);
  };
  const take = (pattern: RegExp, field: string, wanted: string): RegExpExecArray => {
    space();
    pattern.lastIndex = at;
    const match = pattern.exec(text) ?? fail(field, `expected ${wanted}`);
    at = pattern.lastIndex;
    return match;
  };
  const expect = (mark: string): void => {
    if (space() !== mark) fail('header', `expected ${mark}`);
    at++;
  };
  /** Items with commas between them and perhaps one behind the last. */
  const items = (open: string, close: string, item: () => void): number => {
    expect(open);
    let commas = 0;
    for (let n = 0; ; n++) {
      if (space() === close) {
        at++;
        return n - commas; // 0 if a comma is behind the last
      }
      if (n > commas) fail('header', `expected , or ${close}`);
      item();
      if (space() === ',') {
        at++;
        commas++;
      }
    }
  };
  const string = (field: string): string => {
    const [, single, double] = take(TEXT, field, 'a text in quotes');
    return single ?? double!;
  };

  const found = new Map<string, string | boolean | Shape>();
  const readers = new Map<string, () => string | boolean | Shape>([
    [
      'descr',
      () => (space() === '[' ? fail('descr', 'is a structured array: save its fields one by one') : string('descr')),
    ],
    ['fortran_order', () => take(WORD, 'fortran_order', 'True or False')[0] === 'True'],
    [
      'shape',
      () => {
        const shape: number[] = [];
        const open = items('(', ')', () => shape.push(Number(take(COUNT, 'shape', 'an integer of at least 0')[1])));
        return shape.length === 1 && open === 1 ? fail('shape', 'is a number in brackets, not a tuple') : shape;
      },
    ],
  ]);
  items('{', '}', () => {
    const key = string('header');
    const read = readers.get(key);
    if (read === undefined || found.has(key))
      return fail('header', `has "${key.slice(0, 40)}" twice, or is not to have it`);
    expect(':');
    found.set(key, read());
  });
  if (space() !== '') fail('header', 'has text after its end');
  for (const key of readers.keys()) if (!found.has(key)) fail(key, 'is missing');
  return {
    descr: found.get('descr') as string,
    fortranOrder: found.get('fortran_order') as boolean,
    shape: found.get('shape') as Shape,
  };
}
