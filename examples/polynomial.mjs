// Do products of features help a logistic regression tell three kinds of wine apart (data/wine.csv, 178 rows)? A fifth is held
// back and looked at once. Products, scaling and the penalty are chosen by cross-validation on the rest, with everything that
// learns from data inside of the pipeline: what is fitted before it would know the rows that judge. A fit that did not converge
// is no result and ends the program; the one row that shows why features are scaled says so instead.
//
//   npm run build && node examples/polynomial.mjs
import { readFileSync } from 'node:fs';
import { readCSV, StandardScaler, splitIndices, stratifiedKFold, TableEncoder, tableRows } from 'whittle-ml/data';
import {
  classificationReport,
  crossValScore,
  DummyClassifier,
  gridSearch,
  LogisticRegression,
  Pipeline,
  PolynomialFeatures,
  TablePipeline,
} from 'whittle-ml/learn';

const table = readCSV(readFileSync(new URL('../data/wine.csv', import.meta.url)));
const onTable = (predictor) => new TablePipeline(new TableEncoder({ target: 'class' }), predictor);
const classes = onTable(new DummyClassifier()).targets(table);
const { train, test } = splitIndices(table.rows, { testSize: 0.2, stratify: classes, seed: 42 });
const [known, held] = [train, test].map((rows) => tableRows(table, rows));
const y = Array.from(train, (row) => classes[row]);
const cv = stratifiedKFold(y, { folds: 5, shuffle: true, seed: 1 });

// No column of ones: the intercept is one.
const products = (degree) => new PolynomialFeatures({ degree, includeBias: false });
const logistic = (C) => new LogisticRegression({ C, maxIter: 2000 });
const scaled = ({ degree, C }) => onTable(new Pipeline([new StandardScaler(), products(degree), logistic(C)]));

const mean = (list) => list.reduce((a, b) => a + b) / list.length;
const percent = (share) => `${(100 * share).toFixed(1)} %`;
function show(name, model) {
  const score = mean(crossValScore(model, known, y, { cv }));
  const { last } = model.fit(known).predictor;
  const steps = last?.iterations === undefined ? '' : `${last.converged ? '' : 'not done in '}${last.iterations}`;
  console.log(`| ${name} | ${percent(score)} | ${percent(model.score(known))} | ${steps} |`);
  return last?.converged ?? true;
}

console.log('| model | cross-validated | on what it learned | iterations |');
console.log('|---|---|---|---|');
show('the most frequent class', onTable(new DummyClassifier()));
const warn = console.warn;
console.warn = () => {}; // the table says it
show('degree 2, not scaled, 100 iterations', onTable(new Pipeline([products(2), new LogisticRegression()])));
console.warn = warn;
for (const degree of [1, 2, 3])
  if (!show(`degree ${degree}, scaled`, scaled({ degree, C: 1 }))) throw new Error(`degree ${degree} did not converge`);

const { best, bestOptions, bestScore } = gridSearch(
  scaled,
  { degree: [1, 2], C: [0.001, 0.01, 0.1, 1, 10] },
  known,
  y,
  {
    cv,
    scoring: 'f1Macro',
  },
);
if (!best.predictor.last.converged) throw new Error('the best model did not converge');
console.log(
  `\nChosen: degree ${bestOptions.degree}, C ${bestOptions.C}, F1 ${bestScore.toFixed(3)} as the best of ten`,
);
const right = Array.from(test, (row) => classes[row]);
console.log(`Held back: ${percent(best.score(held))} right\n${classificationReport(right, best.predict(held))}`);
