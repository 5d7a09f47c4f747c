import type { ColumnSpec, TableEncoder } from 'whittle-ml/data';
import { plain } from './format.ts';
import type { Model, Range } from './models.ts';

/** What stands at a place, and by which rule its number is made. */
interface Line {
  readonly name: string;
  readonly rule: string;
}

/**
 * What the inputs and outputs of a network in C are, as a comment above its header: nothing there makes numbers of the rows of a
 * table, so whoever calls it does. `int8` is the name of C whose inputs are int8, else null.
 */
export function inputsComment(model: Model, results: number, logits: boolean, int8: string | null = null): string {
  const { encoder } = model;
  const { clip } = encoder.toJSON();
  const ranges = rangesOf(model);
  const inputs = encoder.columns.flatMap((spec, i) => linesOf(spec, clip, ranges[i] ?? null));
  const cut = clip === null ? '' : `, cut off at ${-clip} and ${clip}`;
  const lines = [
    `What the inputs are, computed in double and then made float: numbers less their mean in training, by their deviation${cut}.`,
    ...(int8 === null ? [] : [int8Rule(int8.toUpperCase())]),
    ...merged('input', inputs),
    'What the outputs are:',
    ...merged('output', outputsOf(encoder, results, logits)),
  ];
  return `/* ${lines.map(harmless).join('\n   ')} */\n`;
}

const int8Rule = (name: string): string =>
  `Each of them is given as int8: the nearest whole number to it / ${name}_INPUT_SCALE + ${name}_INPUT_ZERO_POINT, of two the even one, from -128 to 127.`;

/** Of each column, or, of pixels, which have one scale, of all of them. */
function rangesOf({ network, encoder, trained }: Model): readonly (Range | null)[] {
  const ranges = trained?.ranges ?? [];
  const known = ranges.filter((range) => range !== null);
  if (network.inputs[0]!.shape.length === 1 || known.length === 0) return ranges;
  const all: Range = [Math.min(...known.map(([low]) => low)), Math.max(...known.map(([, high]) => high))];
  return encoder.columns.map(() => all);
}

/** Within a comment nothing ends it or begins another one. */
const harmless = (line: string): string => plain(line).replaceAll('*/', '* /').replaceAll('/*', '/ *');

/** Neighbours of one rule in one line: of an image all pixels. */
function merged(array: string, lines: readonly Line[]): string[] {
  const texts: string[] = [];
  for (let from = 0; from < lines.length; ) {
    const { name, rule } = lines[from]!;
    let to = from;
    while (lines[to + 1]?.rule === rule) to++;
    const isOne = from === to;
    const place = isOne ? `${array}[${from}]` : `${array}[${from}] to ${array}[${to}]`;
    texts.push(`${place}: ${isOne ? name : `x of ${name} to ${lines[to]!.name}`}${rule}`);
    from = to + 1;
  }
  return texts;
}

const quoted = (text: string): string => JSON.stringify(text);

function linesOf(spec: ColumnSpec, clip: number | null, range: Range | null): Line[] {
  const { name, scaling } = spec;
  const scaled = (x: number, k: number): number => {
    const y = scaling === null ? x : (x - scaling.center[k]!) / scaling.scale[k]!;
    return clip === null ? y : Math.max(-clip, Math.min(clip, y));
  };
  /** The two numbers that something which holds or does not becomes. */
  const either = (k: number): string => `${Math.fround(scaled(1, k))}, else ${Math.fround(scaled(0, k))}`;
  if (spec.kind === 'category') {
    const isGap = (category: string): boolean => category === spec.fill;
    return spec.categories.map((category, k) => {
      const others = category === spec.other ? ' or any other text' : '';
      const gaps = isGap(category) ? ' or missing' : '';
      return { name: '', rule: `where ${quoted(name)} is ${quoted(category)}${others}${gaps} ${either(k)}` };
    });
  }
  const by = scaling === null ? 'x' : `(x - ${scaling.center[0]}) / ${scaling.scale[0]}`;
  const facts = [
    ` as ${by}`,
    ...(spec.kind === 'date' ? ['x in days since 1970-01-01'] : []),
    ...(range === null ? [] : [`in the table from ${range[0]} to ${range[1]}`]),
    ...(spec.fill === null ? [] : [`${spec.fill} for a missing one`]),
  ];
  const own = { name: quoted(name), rule: facts.join('; ') };
  return spec.marked ? [own, { name: '', rule: `where ${quoted(name)} is missing ${either(1)}` }] : [own];
}

function outputsOf(encoder: TableEncoder, results: number, logits: boolean): Line[] {
  const { target } = encoder.toJSON();
  if (target?.task === 'regression') {
    const [center, scale] = [target.scaling?.center[0] ?? 0, target.scaling?.scale[0] ?? 1];
    return [{ name: '', rule: `y, of which y * ${scale} + ${center} is ${quoted(target.name)}` }];
  }
  const classes = target?.classes ?? [];
  const what = logits ? 'the logit of' : 'the probability of';
  return (results < classes.length ? classes.slice(1) : classes).map((name) => ({
    name: '',
    rule: `${what} ${quoted(name)}`,
  }));
}
