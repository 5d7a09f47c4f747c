import type { Tensor } from 'whittle-ml';
import { StandardScaler, trainTestSplit } from 'whittle-ml/data';

/** Split first; what is learned from the rows, such as a mean, is learned from those to train on alone. */
export function scaledAfterSplit(x: Tensor, y: Tensor, seed: number) {
  const [[xTrain, xTest], [yTrain, yTest]] = trainTestSplit([x, y], { testSize: 0.2, seed });
  const scaler = new StandardScaler().fit(xTrain);
  return { train: [scaler.transform(xTrain), yTrain], test: [scaler.transform(xTest), yTest] } as const;
}

/** The leak: the scaler has seen the test rows. */
export function scaledBeforeSplit(x: Tensor, y: Tensor, seed: number) {
  const scaled = new StandardScaler().fitTransform(x);
  const [[xTrain, xTest], [yTrain, yTest]] = trainTestSplit([scaled, y], { testSize: 0.2, seed });
  return { train: [xTrain, yTrain], test: [xTest, yTest] } as const;
}
