import ts from 'typescript';
import { expect, test } from 'vitest';
import { MinMaxScaler, TableEncoder, tableOf } from '../../src/data/index.ts';
import { toModule } from '../../src/export/module.ts';
import { Dense, Embedding, input, Model, Random, Sequential, toNetwork } from '../../src/index.ts';
import { everyNetwork } from './networks.ts';

const all = [...everyNetwork()];
const networkFor = (width: number, units: number): ReturnType<typeof toNetwork> =>
  toNetwork(new Sequential([new Dense(units, { activation: 'softmax', inputShape: [width] })]));

/** The types of a module with an encoder of these rows. */
function typesFor(rows: readonly Readonly<Record<string, unknown>>[], target?: string): string {
  const encoder = new TableEncoder({
    ...(target === undefined ? {} : { target }),
    types: 'day' in rows[0]! ? { day: 'date' } : {},
  });
  encoder.fit(tableOf(rows));
  const units = encoder.classNames?.length ?? 1;
  return toModule(networkFor(encoder.featureNames.length, units), { encoder, name: 'Pets */' }).types;
}

const ROWS = [
  { size: 1.5, day: '2020-01-02', 'what "kind"': 'dog', '*/': 'a' },
  { size: 3.25, day: '2020-01-05', 'what "kind"': 'cat', '*/': 'b' },
  { size: 7, day: '2021-01-05', 'what "kind"': 'dog', '*/': 'b' },
];

/** Of a network that gives an input of whole numbers too. */
function whole(): string {
  const x = input([3]);
  return toModule(toNetwork(new Model(x, [new Embedding(4, 2).apply(x), x]))).types;
}

const scaler = new MinMaxScaler();
scaler.fit(new Random(1).normal([5, 3]));

/** Types by the name of their module. */
const MODULES: Readonly<Record<string, string>> = {
  ...Object.fromEntries(all.map(([, network], i) => [`m${i}`, toModule(network).types])),
  classes: typesFor(ROWS, 'what "kind"'),
  numbers: typesFor(ROWS, 'size'),
  plain: typesFor(ROWS),
  ...{ code: whole(), length: typesFor([{ length: 1 }, { length: 2.5 }, { length: 7 }]) },
  scaled: toModule(networkFor(3, 2), { encoder: scaler }).types,
};

/** What of TypeScript an author may ask for. */
const OPTIONS: ts.CompilerOptions = {
  ...{ strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, isolatedModules: true },
  ...{ noPropertyAccessFromIndexSignature: true, noUnusedLocals: true, verbatimModuleSyntax: true, noEmit: true },
  ...{ module: ts.ModuleKind.NodeNext, target: ts.ScriptTarget.ES2022, types: [] },
};

/** The types of all modules and a text that uses them, as a program. */
function programOf(uses: string): ts.Program {
  const texts = new Map(Object.entries(MODULES).map(([name, types]) => [`/${name}.d.mts`, types]));
  texts.set('/uses.mts', uses);
  const host = ts.createCompilerHost(OPTIONS);
  const { getSourceFile, fileExists, readFile } = host;
  host.fileExists = (path) => texts.has(path) || fileExists(path);
  host.readFile = (path) => texts.get(path) ?? readFile(path);
  host.getSourceFile = (path, version, ...rest) =>
    texts.has(path) ? ts.createSourceFile(path, texts.get(path)!, version) : getSourceFile(path, version, ...rest);
  return ts.createProgram([...texts.keys()], OPTIONS, host);
}

const faultsOf = (program: ts.Program): string[] =>
  ts
    .getPreEmitDiagnostics(program)
    .map(
      ({ messageText, file, start }) =>
        `${file?.fileName} ${file?.text.slice(start, start! + 40)} ${JSON.stringify(messageText)}`,
    );

const program = programOf(`import * as classes from './classes.mjs';
import * as code from './code.mjs';
import * as length from './length.mjs';
import * as one from './m0.mjs';
import { predict, type Row } from './numbers.mjs';
import * as plain from './plain.mjs';
import * as scaled from './scaled.mjs';
import * as two from './m${all.findIndex(([name]) => name === 'two inputs and outputs')}.mjs';
export const y: Float32Array = one.run([1, 2, 3]);
export const [a, b]: readonly [Float32Array, Float32Array] = two.run([y, y]);
export const is: boolean = one.selfTest();
export const size: 3 = one.inputs[0].shape[0];
const pet = { size: 2, day: new Date(0), '*/': undefined };
const whole = { ...pet, 'what "kind"': null };
export const answer: classes.Answer = classes.predict(pet);
export const label: 'cat' | 'dog' = answer.label;
export const all: readonly ('cat' | 'dog')[] = classes.classes;
export const answers: classes.Answer[] = classes.predict([pet, pet]);
export const row: Row = { day: '2020-01-02', '*/': 'a', 'what "kind"': 'dog' };
export const number: number = predict(row);
export const numbers: number[] = predict([row]);
interface Own { readonly day: string; readonly '*/': string; readonly 'what "kind"': string | null }
export const ofOwn = (given: Own): number => predict(given);
export const ofOwns = (given: readonly Own[]): number[] => predict(given);
export const more: number = predict({ ...row, size: 3, more: [1] });
export const mores: number[] = predict([{ ...row, more: [1] }, row]);
export const codes: readonly [Float32Array, Int32Array] = code.run([[1, 2, 3]]);
export const measures: Float32Array[] = length.predict([{ length: 1 }, { length: '2' }]);
// @ts-expect-error: columns are missing
predict({});
// @ts-expect-error: a column is missing
predict({ day: '2020-01-02', '*/': 'a' });
// @ts-expect-error: a column is missing from a row of the list
predict([row, { day: '2020-01-02', '*/': 'a' }]);
// @ts-expect-error: a column may be missing
export const ofSome = (given: Partial<Own>): number => predict(given);
// @ts-expect-error: of these columns nobody knows
export const ofAny = (given: Readonly<Record<string, unknown>>): number => predict(given);
// @ts-expect-error: a list is no cell
predict({ ...row, day: ['2020-01-02'] });
export const outputs: Float32Array = plain.predict(whole);
export const lists: Float32Array[] = plain.predict([whole]);
export const measured: Float32Array = scaled.predict([1, 2, 3]);
// @ts-expect-error: a row is an object
predict('size');
// @ts-expect-error: there are two inputs
two.run(y);
// @ts-expect-error: a bird is no class
export const bird: 'bird' = answer.label;
// @ts-expect-error: a module without an encoder predicts no rows
one.predict(pet);
`);

test('types of every kind of network and encoder hold for what uses them, as strictly as can be', () => {
  expect(faultsOf(program)).toEqual([]);
});

test('types of every kind have a comment on all that they declare', () => {
  const bare: string[] = [];
  for (const name of Object.keys(MODULES)) {
    const file = program.getSourceFile(`/${name}.d.mts`)!;
    const check = (node: ts.Node): void => {
      if (ts.getJSDocCommentsAndTags(node).length === 0) bare.push(`${name}: ${node.getText(file)}`);
    };
    for (const statement of file.statements) {
      check(statement);
      if (ts.isInterfaceDeclaration(statement)) statement.members.forEach(check);
    }
    expect(file.statements.length).toBeGreaterThan(3);
  }
  expect(bare).toEqual([]);
});
