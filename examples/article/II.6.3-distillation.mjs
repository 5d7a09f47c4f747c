// Distillation: a student learns from the labels and from what its teacher says, softened by a temperature. It is held
// against the same student without a teacher, on samples that none has seen, and told apart: how many digits it names
// right, and how often it agrees with its teacher. A student may be better alone: five seeds of examples/teachers.mjs
// say more than this one.
//
//   npm run build && node examples/article/II.6.3-distillation.mjs
//
// prints
//
//   teacher: 7114 parameters, 96.1 % right, 100.0 % as the teacher
//   student alone: 3562 parameters, 94.7 % right, 98.1 % as the teacher
//   student, taught: 3562 parameters, 95.3 % right, 98.1 % as the teacher
import { readFileSync } from 'node:fs';
import { Adam, classesOf, Dense, distill, measure, pad, reshape, Sequential } from 'whittle-ml';
import { imagesOf, tableFromBytes, trainTestSplit } from 'whittle-ml/data';

const bytes = readFileSync(new URL('../../data/digits.csv.gz', import.meta.url));
const { features, target } = await tableFromBytes(bytes, { target: 'digit' });
const images = imagesOf(reshape(features, [-1, 8, 8, 1]), { white: 16 });
const rows = reshape(
  pad(images, [
    [0, 0],
    [1, 1],
    [1, 1],
    [0, 0],
  ]),
  [-1, 100],
); // 10×10 pixels
const [[x, xTest], [y, yTest]] = trainTestSplit([rows, target], { stratify: target, testSize: 0.2, seed: 1 });

const network = (units) => {
  const layers = [
    new Dense(units, { activation: 'relu', inputShape: [100] }),
    new Dense(10, { activation: 'softmax' }),
  ];
  return new Sequential(layers, { seed: 1 });
};
function alone(units) {
  const model = network(units);
  model.compile({ optimizer: new Adam(), loss: 'sparseCategoricalCrossentropy' });
  model.fit(x, y, { epochs: 30 });
  return model;
}
const teacher = alone(64);
const plan = { teacher, x, y, temperature: 3, alpha: 0.5, optimizer: new Adam(), epochs: 30 };
const models = {
  teacher,
  'student alone': alone(32),
  'student, taught': distill({ ...plan, student: network(32) }).model,
};

const said = classesOf(teacher.predict(xTest));
for (const [name, model] of Object.entries(models)) {
  const { parameters, score } = measure(model, { samples: [xTest, yTest], latency: false });
  const agrees = classesOf(model.predict(xTest)).filter((digit, i) => digit === said[i]).length / said.length;
  const shares = [score, agrees].map((share) => `${(100 * share).toFixed(1)} %`);
  console.log(`${name}: ${parameters} parameters, ${shares[0]} right, ${shares[1]} as the teacher`);
}
