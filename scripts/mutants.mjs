// How well do the tests notice mistakes? Makes small ones at random places of a part of the code, one at a time, runs the
// tests until one fails, and lists those that none noticed: places to look at, since a change may make no difference.
// Usage: node scripts/mutants.mjs <folder or file of src or kernels> [how many, default 40] [seed, default 1]
import { readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import process from 'node:process';
import ts from 'typescript';
import { Planting } from './planting.mjs';

const [place, count = '40', seed = '1'] = process.argv.slice(2);
if (place === undefined) {
  console.error('usage: node scripts/mutants.mjs <folder or file> [how many] [seed]');
  process.exit(2);
}

const Kind = ts.SyntaxKind;
const OPERATORS = new Map([
  [Kind.LessThanToken, '<='],
  [Kind.LessThanEqualsToken, '<'],
  [Kind.GreaterThanToken, '>='],
  [Kind.GreaterThanEqualsToken, '>'],
  [Kind.EqualsEqualsEqualsToken, '!=='],
  [Kind.ExclamationEqualsEqualsToken, '==='],
  [Kind.AmpersandAmpersandToken, '||'],
  [Kind.BarBarToken, '&&'],
  [Kind.QuestionQuestionToken, '||'],
  [Kind.PlusToken, '-'],
  [Kind.MinusToken, '+'],
  [Kind.AsteriskToken, '/'],
  [Kind.SlashToken, '*'],
  [Kind.PlusEqualsToken, '-='],
  [Kind.MinusEqualsToken, '+='],
]);

/** The changes that could be made at one node: [from, to, what stands there instead]. */
function changesAt(node, text) {
  const whole = (instead) => [node.getStart(), node.getEnd(), instead];
  if (ts.isBinaryExpression(node)) {
    const instead = OPERATORS.get(node.operatorToken.kind);
    const joinsTexts = node.operatorToken.kind === Kind.PlusToken && /['"`]/.test(node.getText());
    if (instead === undefined || joinsTexts) return [];
    return [[node.operatorToken.getStart(), node.operatorToken.getEnd(), instead]];
  }
  if (ts.isNumericLiteral(node) && Number(node.text) < 1000) {
    return [whole(node.text === '1' ? '0' : `${Number(node.text) + 1}`)];
  }
  if (node.kind === Kind.TrueKeyword) return [whole('false')];
  if (node.kind === Kind.FalseKeyword) return [whole('true')];
  if (ts.isIfStatement(node) && node.elseStatement === undefined) return [whole('{}')];
  if (ts.isExpressionStatement(node) && !node.getText().startsWith('super')) return [whole(';')];
  if (ts.isConditionalExpression(node)) {
    const { condition, whenTrue, whenFalse } = node;
    return [whole(`(${condition.getText()}) ? (${whenFalse.getText()}) : (${whenTrue.getText()})`)];
  }
  if (ts.isPrefixUnaryExpression(node) && node.operator === Kind.ExclamationToken) {
    return [[node.getStart(), node.operand.getStart(), '']];
  }
  if (ts.isPropertyAccessExpression(node) && /^Math\.(min|max)$/.test(node.getText())) {
    return [whole(node.getText() === 'Math.min' ? 'Math.max' : 'Math.min')];
  }
  if (ts.isShorthandPropertyAssignment(node) || ts.isSpreadAssignment(node)) {
    const comma = /^\s*,/.exec(text.slice(node.getEnd()))?.[0].length ?? 0;
    return [[node.getStart(), node.getEnd() + comma, '']];
  }
  return [];
}

const isOnlyTypes = (node) =>
  ts.isTypeNode(node) ||
  ts.isInterfaceDeclaration(node) ||
  ts.isTypeAliasDeclaration(node) ||
  ts.isImportDeclaration(node) ||
  ts.isExportDeclaration(node);

function mutantsOf(file, text) {
  const tree = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const found = [];
  const visit = (node) => {
    if (isOnlyTypes(node)) return;
    const line = tree.getLineAndCharacterOfPosition(node.getStart()).line + 1;
    for (const [from, to, instead] of changesAt(node, text)) found.push({ file, line, from, to, instead });
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return found;
}

/** Numbers in [0, 1) that a seed decides. */
function drawing(seed) {
  let state = Math.imul(seed, 2654435761) >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const planting = new Planting();
const files = statSync(place).isDirectory()
  ? readdirSync(place, { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.ts$/.test(name) && !/\.d\.ts$/.test(name))
      .map((name) => join(place, name))
  : [place];
const all = files.flatMap((file) => mutantsOf(file, planting.read(file)));
const draw = drawing(Number(seed));
const chosen = new Set();
while (chosen.size < Math.min(Number(count), all.length)) chosen.add(all[Math.floor(draw() * all.length)]);

/** Tests that need a build, or take long and look at other things. */
const APART =
  /\/(lab|bench|types|gpu)\/|\.gpu|threads\.test|examples|digests|fallback|relaxed|node\/files|architecture/;
const tests = planting.tests().filter((file) => !APART.test(file));

/** Tests of the same name first, then those of the same part, then the rest. */
function inOrder(file) {
  const stem = basename(file, '.ts').replace(/s$/, '');
  const part = file.split('/')[1];
  const named = tests.filter((test) => basename(test).includes(stem));
  const near = tests.filter((test) => !named.includes(test) && test.includes(`/${part}/`));
  const rest = tests.filter((test) => !named.includes(test) && !near.includes(test));
  return [named, near, rest].filter((group) => group.length > 0);
}

let noticed = 0;
for (const { file, line, from, to, instead } of chosen) {
  const original = planting.read(file);
  await planting.write(file, original.slice(0, from) + instead + original.slice(to));
  let by = null;
  for (const group of inOrder(file)) by ??= (await planting.run(group)).by;
  await planting.write(file, original);
  if (by !== null) noticed++;
  const was = original.slice(from, to).replace(/\s+/g, ' ').slice(0, 80);
  console.log(
    `${by === null ? 'NOT NOTICED' : 'noticed    '} ${file}:${line} ${was} -> ${instead.slice(0, 60)} ${by === null ? '' : `(${by})`}`,
  );
}
console.log(`${noticed} of ${chosen.size} noticed`);
process.exit(0);
