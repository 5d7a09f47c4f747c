import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import * as data from '../src/data/index.ts';
import * as whittle from '../src/index.ts';
import * as infer from '../src/infer/index.ts';
import * as learn from '../src/learn/index.ts';
import * as node from '../src/node/index.ts';
import { examplesOf, runExample } from './example-tools.ts';

const page = readFileSync(new URL('../docs/migration.md', import.meta.url), 'utf8');

interface Row {
  readonly section: string;
  readonly line: number;
  readonly theirs: string;
  readonly ours: readonly string[];
  readonly notes: readonly string[];
}

const spansOf = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code!);

/** The rows of all tables, by the heading of the second level above them. */
function rowsOf(text: string): readonly Row[] {
  let section = '';
  return text.split('\n').flatMap((line, i) => {
    if (line.startsWith('## ')) section = line.slice(3);
    if (!line.startsWith('| ') || /^\| (Keras|scikit-learn|tfmot) \| here \|/.test(line)) return [];
    const cells = line.split('|');
    expect(cells, line).toHaveLength(5);
    const [, theirs, ours, notes] = cells as [string, string, string, string];
    return [{ section, line: i + 1, theirs: theirs.trim(), ours: spansOf(ours), notes: spansOf(notes) }];
  });
}

const rows = rowsOf(page);
const exported = new Set([whittle, data, learn, infer, node].flatMap((entry) => Object.keys(entry)));

/** What every line finds in scope, made anew for each: lines change models. */
const SCOPE = `
  const x = Array.from({ length: 60 }, (_, i) => Array.from({ length: 4 }, (_, j) => Math.round(Math.sin(3 * i + 5 * j) * 64) / 64 + (i % 3 === j)));
  const y = x.map((_, i) => i % 3);
  const [xNew, yNew] = [x.slice(0, 12), y.slice(0, 12)];
  const labels = y.map((label) => Math.min(label, 1));
  const scores = labels.map((label, i) => (label + (i % 5) / 4 + 0.5) / 3);
  const [a, b] = [input([64]), input([64])];
  const made = () => [
    new Dense(16, { activation: 'relu', name: 'hidden', inputShape: [4] }),
    new Dropout(0.1),
    new Dense(3, { activation: 'softmax' }),
  ];
  const layers = made();
  const model = new Sequential(made(), { seed: 1 });
  model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] });
  const bytes = saveModel(model);
  const writeFileAtomic = (path, content) => content.length;
  const checkpointFile = (path) => () => {};
`;

/** Layers are built: names of activations and initializers are looked at there. */
const CHECK = `
  if (value instanceof Layer) {
    const shape = /2D|BatchNorm/.test(value.constructor.name) ? [16, 16, 8] : /1D/.test(value.constructor.name) ? [16, 8] : value.inputShape ?? [12];
    new Sequential([value.clone()]).build(shape);
  }
  if (value instanceof Optimizer) model.compile({ optimizer: value, loss: 'sparseCategoricalCrossentropy' });
  if (typeof value?.onEpochEnd === 'function') model.fit(x, y, { epochs: 2, validationSplit: 0.2, callbacks: [value] });
  if (value === undefined && !givesNothing) throw new Error('gives nothing');
`;

/** Runs lines, each by itself, against the built package, and tells what came of each. */
function outcomesOf(lines: readonly string[]): readonly string[] {
  const namesOf = (entry: object): string => `{ ${Object.keys(entry).join(', ')} }`;
  const program = [
    "import * as whittle from 'whittle-ml';",
    "import * as data from 'whittle-ml/data';",
    "import * as learn from 'whittle-ml/learn';",
    "import { compileNetwork } from 'whittle-ml/infer';",
    `const ${namesOf(whittle)} = whittle;`,
    `const ${namesOf(data)} = data;`,
    `const ${namesOf(learn)} = learn;`,
    'const outcomes = [];',
    'console.warn = () => {};',
    'console.log = () => {};',
    ...lines.map(
      (line) =>
        `try { ${SCOPE}\n const givesNothing = ${/^model\.(compile|setWeights)\(/.test(line)};\n const value = await (async () => (${line}))(); ${CHECK}\n outcomes.push('ran'); } catch (error) { outcomes.push(String(error)); }`,
    ),
    'process.stdout.write(JSON.stringify(outcomes));',
  ];
  return JSON.parse(runExample(program.join('\n'), 'migration')) as string[];
}

const lines = [...new Set(rows.flatMap(({ ours }) => ours))];
const outcomes = outcomesOf(lines);

test('there are at least 50 rows of Keras and 20 of scikit-learn', () => {
  const count = (section: string): number => rows.filter((row) => row.section === section).length;
  expect(count('Keras')).toBeGreaterThanOrEqual(100);
  expect(count('scikit-learn')).toBeGreaterThanOrEqual(20);
});

test('no row of Keras stands there twice', () => {
  const theirs = rows.map((row) => row.theirs).filter((each) => each !== '(none)');
  expect(theirs.filter((each, i) => theirs.indexOf(each) !== i)).toEqual([]);
});

describe.each(rows)('line $line, $theirs', ({ ours, notes }) => {
  test('runs as it stands', () => {
    expect(ours.length).toBeGreaterThan(0);
    for (const line of ours) expect(`${line}: ${outcomes[lines.indexOf(line)]}`).toBe(`${line}: ran`);
  });

  test('what its note calls by the name of a class is exported', () => {
    for (const span of notes) {
      const [name] = /\b[A-Z][a-z]\w+\b/.exec(span) ?? [];
      if (name !== undefined) expect(exported, span).toContain(name);
    }
  });
});

test('a line with a wrong name, option or value is noticed', () => {
  const wrong = [
    'new Dens(1)',
    'new Dense(64, { activation: "relo" })',
    'new Adam({ beta: 0.9 })',
    'model.fit(x, y, { epoch: 2 })',
    'model.parametersCount',
  ];
  for (const outcome of outcomesOf(wrong)) expect(outcome).toMatch(/Error: /);
});

test('what the lines find in the place of functions that write is exported', () => {
  for (const name of SCOPE.match(/\b(writeFile|checkpoint)\w+/g)!) expect(exported).toContain(name);
});

test('the page has no blocks that nobody runs', () => {
  expect([...examplesOf('docs/migration.md'), ...examplesOf('docs/migration.md', 'js')]).toEqual([]);
});
