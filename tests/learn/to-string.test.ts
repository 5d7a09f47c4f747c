import { describe, expect, test } from 'vitest';
import { MinMaxScaler, StandardScaler, TableEncoder } from '../../src/data/index.ts';
import {
  DummyClassifier,
  DummyRegressor,
  ElasticNet,
  Lasso,
  LinearRegression,
  LogisticRegression,
  Pipeline,
  PolynomialFeatures,
  Ridge,
  TablePipeline,
} from '../../src/learn/index.ts';

const LEARNERS = {
  DummyClassifier,
  DummyRegressor,
  ElasticNet,
  Lasso,
  LinearRegression,
  LogisticRegression,
  MinMaxScaler,
  Pipeline,
  PolynomialFeatures,
  Ridge,
  StandardScaler,
  TableEncoder,
  TablePipeline,
};

const TEXTS: readonly string[] = [
  "DummyClassifier({ strategy: 'constant', constant: 'it\\'s \"\\\\x\\n' })",
  'DummyClassifier({ seed: 7 })',
  "DummyRegressor({ strategy: 'quantile', quantile: 0.3 })",
  'DummyRegressor({ constant: [-0.1, 2] })',
  'ElasticNet({ l1Ratio: 0.3, alpha: 2 })',
  "Lasso({ positive: true, selection: 'random' })",
  'LinearRegression()',
  "LinearRegression({ solver: 'gradient', learningRate: 0.1 })",
  'LogisticRegression()',
  "LogisticRegression({ penalty: 'l1', classWeight: { a: 2, 'b-c': 1 } })",
  "LogisticRegression({ penalty: 'elasticNet', classWeight: new Map([[0.1, 2]]), l1Ratio: 0.5 })",
  "LogisticRegression({ classWeight: 'balanced', solver: 'coordinate' })",
  'MinMaxScaler()',
  'MinMaxScaler({ featureRange: [-1, 1] })',
  'PolynomialFeatures({ degree: [2, 3], interactionOnly: true })',
  'Ridge({ alpha: [0.1, 2], fitIntercept: false })',
  'StandardScaler()',
  "Pipeline([StandardScaler(), ['second', StandardScaler()], Ridge({ alpha: 3 })])",
  'Pipeline([StandardScaler(), StandardScaler()])',
  "TablePipeline(TableEncoder({ missing: 'mean', target: 'q' }), Pipeline([MinMaxScaler(), DummyRegressor()]))",
];

describe('String(estimator)', () => {
  test.each(TEXTS)('%s makes it again', (text) => {
    const code = text.replaceAll(/\b[A-Z]\w*\(/g, (call) => (call === 'Map(' ? call : `new ${call}`));
    const make = new Function(...Object.keys(LEARNERS), `return ${code}`) as (...all: unknown[]) => object;
    const made = make(...Object.values(LEARNERS));
    expect(String(made)).toBe(text);
    expect(`${made}`).toBe(text);
  });

  test('says nothing of what was learned', () => {
    const x = [[1], [2], [4]];
    expect(String(new Pipeline([new StandardScaler(), new Ridge({ alpha: 2 })]).fit(x, [1, 2, 3]))).toBe(
      'Pipeline([StandardScaler(), Ridge({ alpha: 2 })])',
    );
  });
});
