// One sample in twenty is what is looked for. Accuracy is high for who never says yes, so precision and recall are
// looked at instead. Class weights make the rare count as much as the frequent, or the threshold is lowered: the value
// with the best F1 on validation samples, judged on others. Both trade false alarms for finds.
//
//   npm run build && node examples/recipes/imbalanced-classes.mjs
//
// prints
//
//   never yes: 95 % right, 0 % of the rare found, 0 % of the alarms true
//   threshold 0.5: 96 % right, 44 % of the rare found, 65 % of the alarms true
//   threshold 0.30: 95 % right, 59 % of the rare found, 53 % of the alarms true
//   class weights: 87 % right, 90 % of the rare found, 26 % of the alarms true
//   average precision 0.61 and 0.60
import { Adam, Dense, Random, Sequential, tensor } from 'whittle-ml';
import { averagePrecision, classificationReport, precisionRecallCurve } from 'whittle-ml/learn';

function samples(stream, count) {
  const random = new Random(1, stream);
  const points = random.normal([count, 2]);
  const labels = Array.from(random.uniform([count]).data, (u) => Number(u < 0.05));
  const rows = labels.map((label, i) => [points.data[2 * i] + 2 * label, points.data[2 * i + 1] + label]);
  return [tensor(rows), labels];
}
const [x, y] = samples('train', 2000);
const [xValidation, validation] = samples('validation', 2000);
const [xTest, truth] = samples('test', 2000);

function fitted(options) {
  const model = new Sequential([new Dense(8, { activation: 'relu' }), new Dense(1, { activation: 'sigmoid' })], {
    seed: 1,
  });
  model.compile({ optimizer: new Adam({ learningRate: 0.01 }), loss: 'binaryCrossentropy' });
  model.fit(x, tensor(y.map((label) => [label])), { epochs: 30, ...options });
  return (rows) => [...model.predict(rows).data];
}
const plain = fitted({});
const weighted = fitted({ classWeight: { 0: 1, 1: 19 } });

const { precision, recall, thresholds } = precisionRecallCurve(validation, plain(xValidation));
const f1 = [...thresholds].map((_, i) => (2 * precision[i] * recall[i]) / (precision[i] + recall[i] || 1));
const lowered = thresholds[f1.indexOf(Math.max(...f1))];

function show(name, chances, threshold) {
  const { accuracy, classes } = classificationReport(
    truth,
    chances.map((p) => Number(p >= threshold)),
  );
  const [right, sure, found] = [accuracy, classes[1].precision, classes[1].recall].map((share) =>
    Math.round(100 * share),
  );
  console.log(`${name}: ${right} % right, ${found} % of the rare found, ${sure} % of the alarms true`);
}
show(
  'never yes',
  truth.map(() => 0),
  0.5,
);
show('threshold 0.5', plain(xTest), 0.5);
show(`threshold ${lowered.toFixed(2)}`, plain(xTest), lowered);
show('class weights', weighted(xTest), 0.5);
console.log(
  `average precision ${[plain, weighted].map((of) => averagePrecision(truth, of(xTest)).toFixed(2)).join(' and ')}`,
);
