// Tells sentences about the kitchen from sentences about the weather: words to vectors (Embedding), three of them at a time to
// what they say together (Conv1D), the mean of a sentence, a probability. Three of four sentences of examples/sentences.txt
// train it, and the others, which it has not seen, judge it. What it has learned is two files: the vocabulary, one word a line,
// and the model. A later run, which is given sentences, reads nothing else.
//
//   npm run build
//   node examples/text-classifier.mjs
//   node examples/text-classifier.mjs "slice the onion for the soup" "a cold day with rain"
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Adam, Conv1D, Dense, Embedding, GlobalAvgPool1D, loadModel, Sequential, saveModel, tensor } from 'whittle-ml';
import { Vocabulary } from 'whittle-ml/data';
import { readBytes, writeFileAtomic } from 'whittle-ml/node';

const CLASSES = ['kitchen', 'weather'];
const LENGTH = 12; // words of a sentence: longer ones are cut, shorter ones filled with zeros

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    folder: { type: 'string', default: fileURLToPath(new URL('../.cache/text-classifier', import.meta.url)) },
  },
});
const vocabularyFile = join(values.folder, 'vocabulary.txt');
const modelFile = join(values.folder, 'model.safetensors');

const percent = (share) => `${(100 * share).toFixed(1)} %`;
const encode = (vocabulary, texts) => vocabulary.encode(texts, { length: LENGTH });

function train() {
  const lines = readFileSync(new URL('sentences.txt', import.meta.url), 'utf8')
    .trim()
    .split('\n');
  const samples = lines.map((line) => line.split('\t'));
  const known = samples.filter((_, i) => i % 4 !== 3);
  const held = samples.filter((_, i) => i % 4 === 3);
  const textsOf = (list) => list.map(([, text]) => text);
  const labelsOf = (list) => tensor(list.map(([name]) => [CLASSES.indexOf(name)]));

  const vocabulary = Vocabulary.of(textsOf(known));
  const layers = [
    new Embedding(vocabulary.size, 16, { inputShape: [LENGTH] }),
    new Conv1D(32, 3, { padding: 'same', activation: 'relu' }),
    new GlobalAvgPool1D(),
    new Dense(1, { activation: 'sigmoid' }),
  ];
  const model = new Sequential(layers, { seed: 1 });
  model.compile({ optimizer: new Adam({ learningRate: 0.01 }), loss: 'binaryCrossentropy', metrics: ['accuracy'] });
  const { history } = model.fit(encode(vocabulary, textsOf(known)), labelsOf(known), { epochs: 30, batchSize: 16 });
  const judged = model.evaluate(encode(vocabulary, textsOf(held)), labelsOf(held));

  mkdirSync(values.folder, { recursive: true });
  writeFileAtomic(vocabularyFile, String(vocabulary));
  writeFileAtomic(modelFile, saveModel(model, { weightsOnly: true }));
  console.log(`${vocabulary.size} words, ${model.parameterCount} parameters`);
  console.log(`${known.length} sentences that it learned: ${percent(history.accuracy.at(-1))} right`);
  console.log(`${held.length} others: ${percent(judged.accuracy)} right`);
}

function classify(texts) {
  const vocabulary = Vocabulary.parse(readFileSync(vocabularyFile, 'utf8'));
  const model = loadModel(readBytes(modelFile));
  const lower = texts.map((text) => text.toLowerCase());
  for (const [i, weather] of model.predict(encode(vocabulary, lower)).data.entries())
    console.log(
      `${JSON.stringify(texts[i])}: ${CLASSES[Math.round(weather)]} (${percent(Math.max(weather, 1 - weather))})`,
    );
}

if (positionals.length === 0) train();
else if (existsSync(modelFile)) classify(positionals);
else {
  console.error(`There is no ${modelFile}: run this without sentences first, which trains and writes it.`);
  process.exitCode = 1;
}
