import { ShapeError } from '../base/errors.ts';
import { type ColumnSpec, featuresOf, LARGEST, LARGEST_SCALED, misfitOf } from '../data/encodings.ts';
import { MISSING } from '../data/scan.ts';
import type { TargetSpec } from '../data/targets.ts';
import type { Fitted } from '../data/transforming.ts';
import { datesText } from './module-cells.ts';
import { inDoc, text } from './module-ports.ts';

/** What of a module answers rows as they are, with its types. */
export interface Predicting {
  readonly source: readonly string[];
  readonly types: readonly string[];
}

/** Throws ShapeError for an encoder that makes another number of features than the network takes. */
export function checkWidth(width: number, size: number): void {
  if (width !== size)
    throw new ShapeError(
      'toModule',
      [[width], [size]],
      `the encoder makes ${width} numbers and the network takes ${size}`,
    );
}

/** What columns of an encoder have, so that the text is without what none of them needs. */
interface Needs {
  readonly dates: boolean;
  readonly numbers: boolean;
  readonly categories: boolean;
  /** Categories that are compared as numbers, and such that are not. */
  readonly numeric: boolean;
  readonly words: boolean;
  /** Columns that are scaled, and such that are not. */
  readonly scaled: boolean;
  readonly bare: boolean;
  readonly filled: boolean;
  readonly marked: boolean;
}

function needsOf(columns: readonly ColumnSpec[]): Needs {
  const has = (isSo: (spec: ColumnSpec) => boolean): boolean => columns.some(isSo);
  return {
    dates: has(({ kind }) => kind === 'date'),
    numbers: has(({ kind }) => kind === 'number'),
    categories: has(({ kind }) => kind === 'category'),
    numeric: has((spec) => spec.kind === 'category' && spec.numeric),
    words: has((spec) => spec.kind === 'category' && !spec.numeric),
    scaled: has(({ scaling }) => scaling !== null),
    bare: has(({ scaling }) => scaling === null),
    filled: has((spec) => spec.kind !== 'category' && spec.fill !== null),
    marked: has((spec) => spec.kind !== 'category' && spec.marked),
  };
}

/** A column as `predict` reads it: an object of those fields that are not as usual. */
function columnText(spec: ColumnSpec, { missing, unknown }: Fitted): string {
  const fields = [`name: ${text(spec.name)}`];
  const add = (field: string, value: object | number | string | boolean): void => {
    fields.push(`${field}: ${text(value)}`);
  };
  if (spec.kind === 'category') {
    const place = (category: string): number => spec.categories.indexOf(category);
    add('categories', spec.categories);
    if (spec.numeric) add('numeric', true);
    if (spec.other !== null) add('other', place(spec.other));
    const refusesGaps = missing === 'error' || unknown === 'error';
    if (spec.fill !== null) add('gap', place(spec.fill));
    else if (spec.other !== null && !refusesGaps) add('gap', place(spec.other));
  } else {
    if (spec.kind === 'date') add('form', spec.format);
    if (spec.fill !== null) add('fill', spec.fill);
    if (spec.marked) add('marked', true);
  }
  if (spec.scaling !== null) {
    add('center', spec.scaling.center);
    add('scale', spec.scaling.scale);
  }
  return `{ ${fields.join(', ')} }`;
}

/** Statements of a text: those that are not left out. */
const lines = (...given: readonly (string | false)[]): string => given.filter((line) => line !== false).join('\n');

/** The text of what makes the features of a row, to the bits of `TableEncoder.transform`. */
function encodedText(fitted: Fitted, size: number, areUsual: boolean): string {
  const { columns, clip, missing, unknown } = fitted;
  const needs = needsOf(columns);
  const scaled = '(value - own.center[k]) / own.scale[k]';
  const cut = clip === null ? scaled : `Math.max(-${clip}, Math.min(${clip}, ${scaled}))`;
  // Of the usual marks a dash is a text in a column of texts, as the reader takes it
  const dash = areUsual && needs.words ? ' && (word !== "-" || na !== MARKS || !own.categories || own.numeric)' : '';
  const put = (k: string, value: string): string => (needs.scaled ? `put(${k}, ${value})` : `x[at++] = ${value}`);
  return lines(
    `// What a row of the table, an object of its columns, is encoded as.
function encoded(row, where, na) {
  const x = new Float32Array(${size});
  let at = 0;
  if (Object(row) !== row || Array.isArray(row)) throw new RangeError("predict: " + where + "a row is an object of columns");
  for (const own of columns) {
    const refuse = (why) => {
      throw new RangeError("predict: " + where + "column " + own.name + " " + why);
    };`,
    needs.scaled &&
      `    const put = (k, value) => {
      x[at++] = ${needs.bare ? `own.center ? ${cut} : value` : cut};
    };`,
    `    const word = wordOf(row, own.name, refuse);
    const isMissing = ${dash === '' ? '!word' : '(!word'} || na.includes(word)${dash === '' ? '' : `)${dash}`};`,
    needs.categories && categoriesText(needs, put, missing === 'error' || unknown === 'error', unknown === 'error'),
    (needs.numbers || needs.dates) && numbersText(fitted, needs, put),
    `  }
  return x;
}`,
  );
}

type Put = (k: string, value: string) => string;

function categoriesText({ numeric, numbers, dates }: Needs, put: Put, refusesGaps: boolean, refuses: boolean): string {
  const isOther = numbers || dates;
  const body = lines(
    refusesGaps && '      if (isMissing && own.gap === undefined) refuse("is missing");',
    numeric && '      const number = own.numeric && !isMissing ? numberOf(word, refuse) : NaN;',
    `      const known = own.categories.indexOf(${numeric ? 'number === number ? String(number) : word' : 'word'});`,
    refuses &&
      '      if (!isMissing && known < 0 && own.other === undefined) refuse("has a category that the encoder does not keep: " + word);',
    '      const code = isMissing ? own.gap : known < 0 ? own.other : known;',
    `      for (let k = 0; k < own.categories.length; k++) ${put('k', 'k === code ? 1 : 0')};`,
  );
  if (!isOther) return body.replace(/^ {2}/gm, '');
  return `    if (own.categories) {\n${body}\n      continue;\n    }`;
}

function numbersText(
  { clip, columns }: Fitted,
  { dates, numbers, scaled, bare, filled, marked }: Needs,
  put: Put,
): string {
  const isISO = columns.every((spec) => spec.kind !== 'date' || spec.format === 'y-m-d');
  const day = `${isISO ? 'daysOf' : 'dayOf'}(word, own.form)`;
  const read = !dates ? 'numberOf(word, refuse)' : numbers ? `own.form ? ${day} : numberOf(word, refuse)` : day;
  const date = '"date of the form " + own.form';
  const what = !dates ? '"is no number: "' : `"is no " + ${numbers ? `(own.form ? ${date} : "number")` : date} + ": "`;
  const most = clip === null ? `Math.min(${LARGEST_SCALED}, own.scale[0] * ${LARGEST})` : String(LARGEST_SCALED);
  const either = (scaledOne: string, other: string): string =>
    !scaled ? other : bare ? `own.center ? ${scaledOne} : ${other}` : scaledOne;
  const bounds = [
    `    const center = ${either('own.center[0]', '0')};`,
    `    const largest = ${either(most, String(LARGEST))};`,
    `    if (${filled ? '!isMissing && ' : ''}Math.abs(number - center) > largest) refuse("is past the range of float32: " + word);`,
  ];
  return lines(
    `    if (isMissing${filled ? ' && own.fill === undefined' : ''}) refuse("is missing");`,
    `    const number = ${filled ? `isMissing ? own.fill : ` : ''}${read};`,
    `    if (number !== number) refuse(${what} + word);`,
    ...bounds,
    `    ${put('0', 'number')};`,
    marked && `    if (own.marked) ${put('1', 'isMissing ? 1 : 0')};`,
  );
}

/** `predict` for rows of a table, and the types of all that it takes and gives. */
export function tableText(fitted: Fitted, size: number, results: number, na: readonly string[] = MISSING): Predicting {
  const { columns, target } = fitted;
  checkWidth(columns.flatMap(featuresOf).length, size);
  const answer = answerText(target, results);
  const areUsual = na.join('\n') === MISSING.join('\n');
  const marks = areUsual ? 'marks such as "NA"' : `these: ${na.map((mark) => inDoc(text(mark))).join(', ')}`;
  const formats = columns.flatMap((spec) => (spec.kind === 'date' ? [spec.format] : []));
  return {
    source: [
      `const MARKS = [${na.map(text).join(', ')}];`,
      `const columns = [\n${columns.map((spec) => `  ${columnText(spec, fitted)},\n`).join('')}];`,
      ...(formats.length > 0 ? datesText(formats) : []),
      ...answer.before,
      encodedText(fitted, size, areUsual),
      answer.function,
      `// The answer to a row, or a list of answers to a list of rows; na: the texts that mean a missing cell.
export function predict(rows, na = MARKS) {
  return Array.isArray(rows) ? rows.map((row, i) => answer(row, "row " + i + ": ", na)) : answer(rows, "", na);
}`,
    ],
    types: [
      `/** What a row may hold: null, undefined, NaN, "" and ${marks} are missing cells, unless \`na\` says which texts are. */`,
      'export type Cell = string | number | bigint | boolean | Date | null | undefined;',
      '/** A row of the table. More columns than these are no matter. */',
      `export interface Row {\n${columns.map(fieldText).join('')}}`,
      ...answer.types,
      // Types of their own take more columns. Lists come first: they have a length, which a column may be called too
      '/** The answers to rows of the table, each by itself. Throws RangeError, with the row from 0, for what does not fit. */',
      `export declare function predict<Own extends Row>(rows: readonly Own[], na?: readonly string[]): ${answer.list}[];`,
      '/** The answer to a row of the table. Throws RangeError, with the column, for what does not fit. */',
      `export declare function predict<Own extends Row>(row: Own, na?: readonly string[]): ${answer.type};`,
    ],
  };
}

/** A column of a row, in types. */
function fieldText(spec: ColumnSpec): string {
  const kind =
    spec.kind === 'category'
      ? `One of ${spec.categories.map(text).join(', ')}.`
      : `${misfitOf(spec).replace('no', 'A')}.`;
  return `  /** ${inDoc(kind)} */\n  readonly ${text(spec.name)}: Cell;\n`;
}

interface AnswerText {
  readonly before: readonly string[];
  readonly function: string;
  readonly types: readonly string[];
  /** The type of an answer, alone and in front of `[]`. */
  readonly type: string;
  readonly list: string;
}

function answerText(target: TargetSpec | null, results: number): AnswerText {
  const plain = (type: string, expression: string): AnswerText => ({
    before: [],
    function: `function answer(row, where, na) {\n  return ${expression};\n}`,
    ...{ types: [], type, list: type },
  });
  if (target === null) return plain('Float32Array', 'run(encoded(row, where, na))');
  const { task, name } = target;
  const wanted = task === 'regression' ? 1 : target.classes.length;
  if (results !== wanted && !(results === 1 && wanted === 2))
    throw new ShapeError('toModule', [[results], [wanted]], `the encoder asks for ${wanted} outputs for "${name}"`);
  if (task === 'regression') {
    const { center, scale } = target.scaling ?? { center: [0], scale: null };
    return plain('number', `run(encoded(row, where, na))[0]${scale === null ? '' : ` * ${scale[0]}`} + ${center[0]}`); // -0 is 0
  }
  const both = results === 1 && wanted === 2 ? '[1 - y[0], y[0]]' : 'Array.from(y)';
  const classes = target.classes.map(text).join(', ');
  return {
    before: [`export const classes = [${classes}];`],
    function: `function answer(row, where, na) {
  const y = run(encoded(row, where, na)), probabilities = ${both};
  if (!y.every((p) => p >= 0 && p <= 1)) throw new RangeError("predict: the network gives no probabilities");
  return { label: classes[probabilities.indexOf(Math.max(...probabilities))], probabilities };
}`,
    types: [
      `/** What ${inDoc(text(name))} may be, in the order of \`probabilities\`. */`,
      `export declare const classes: readonly [${classes}];`,
      `/** What the network says of a row. */
export interface Answer {
  /** The likeliest class, of equals the first. */
  readonly label: (typeof classes)[number];
  /** That of each of \`classes\`. */
  readonly probabilities: readonly number[];
}`,
    ],
    ...{ type: 'Answer', list: 'Answer' },
  };
}
