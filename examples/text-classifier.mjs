// Tells sentences about the kitchen from sentences about the weather: words to vectors (Embedding), their mean, a probability.
// Three of four sentences of examples/sentences.txt train it, and the others, which it has not seen, judge it.
//
//   npm run build && node examples/text-classifier.mjs "slice the onion for the soup" "a cold day with rain"
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { Adam, Dense, Embedding, GlobalAvgPool1D, Sequential, tensor } from 'whittle-ml';
import { Vocabulary } from 'whittle-ml/data';

const CLASSES = ['kitchen', 'weather'];
const LENGTH = 12; // words of a sentence: longer ones are cut, shorter ones filled with zeros

const lines = readFileSync(new URL('sentences.txt', import.meta.url), 'utf8')
  .trim()
  .split('\n');
const samples = lines.map((line) => line.split('\t'));
const held = samples.filter((_, i) => i % 4 === 3);
const known = samples.filter((_, i) => i % 4 !== 3);
const textsOf = (list) => list.map(([, text]) => text);
const labelsOf = (list) => tensor(list.map(([name]) => [CLASSES.indexOf(name)]));

const vocabulary = Vocabulary.of(textsOf(known));
const encode = (texts) => vocabulary.encode(texts, { length: LENGTH });
const model = new Sequential(
  [
    new Embedding(vocabulary.size, 16, { inputShape: [LENGTH] }),
    new GlobalAvgPool1D(),
    new Dense(1, { activation: 'sigmoid' }),
  ],
  { seed: 1 },
);
model.compile({ optimizer: new Adam({ learningRate: 0.02 }), loss: 'binaryCrossentropy', metrics: ['accuracy'] });
const { history } = model.fit(encode(textsOf(known)), labelsOf(known), { epochs: 60, batchSize: 16 });
const judged = model.evaluate(encode(textsOf(held)), labelsOf(held));

const percent = (share) => `${(100 * share).toFixed(1)} %`;
console.log(`${vocabulary.size} words, ${model.parameterCount} parameters`);
console.log(`${known.length} sentences that it learned: ${percent(history.accuracy.at(-1))} right`);
console.log(`${held.length} others: ${percent(judged.accuracy)} right`);
for (const text of process.argv.slice(2)) {
  const [weather] = model.predict(encode([text.toLowerCase()])).data;
  console.log(`${JSON.stringify(text)}: ${CLASSES[Math.round(weather)]} (${percent(Math.max(weather, 1 - weather))})`);
}
