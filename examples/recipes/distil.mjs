// Three networks, and one student a sixth as large as all of them that learns what they say together. 144 digits have
// labels; 1,293 others have none, and of those only the teachers tell, which here is what helps. They make more steps
// too. The report keeps apart how right a student is and how like its teachers.
//
//   npm run build && node examples/recipes/distil.mjs
//
// prints
//
//   On 360 samples
//                                         accuracy  as the teacher  calibration error
//   teacher                                  0.922           1.000              0.026
//   alone                                    0.906           0.961              0.032
//   taught                                   0.914           0.981              0.030
//   taught, and of digits without labels     0.925           0.994              0.038
import { readFileSync } from 'node:fs';
import { Adam, Dense, distill, distillReport, div, Sequential } from 'whittle-ml';
import { tableFromBytes, trainTestSplit } from 'whittle-ml/data';

const bytes = readFileSync(new URL('../../data/digits.csv.gz', import.meta.url));
const { features, target } = await tableFromBytes(bytes, { target: 'digit' });
const ink = div(features, 16); // from 0 to 1
const [[rest, xTest], [labels, yTest]] = trainTestSplit([ink, target], { stratify: target, testSize: 0.2, seed: 1 });
const [[x, unlabelled], [y]] = trainTestSplit([rest, labels], { stratify: labels, testSize: 0.9, seed: 1 });

const network = (units, seed) => {
  const layers = [new Dense(units, { activation: 'relu', inputShape: [64] }), new Dense(10, { activation: 'softmax' })];
  return new Sequential(layers, { seed });
};
function trained(model) {
  model.compile({ optimizer: new Adam({ learningRate: 0.003 }), loss: 'sparseCategoricalCrossentropy' });
  model.fit(x, y, { epochs: 100 });
  return model;
}
const teacher = [1, 2, 3].map((seed) => trained(network(32, seed)));
const plan = { teacher, x, y, temperature: 3, optimizer: () => new Adam({ learningRate: 0.003 }), epochs: 100 };
const students = {
  alone: trained(network(16, 4)),
  taught: distill({ ...plan, student: network(16, 4) }).model,
  'taught, and of digits without labels': distill({ ...plan, unlabelled, student: network(16, 4) }).model,
};
console.log(String(distillReport(teacher, students, [xTest, yTest])));
