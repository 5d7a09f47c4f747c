// How many bytes a training step takes: npm run build && node examples/memory.mjs
import { memory, mobileNetV2, Random, smallCNN, tensor } from 'whittle-ml';

const TASKS = {
  'smallCNN, 28×28×1, batch 128': [smallCNN, { inputShape: [28, 28, 1], classes: 10 }, 128],
  'mobileNetV2, width 0.35, 96×96×3, batch 32': [mobileNetV2, { inputShape: [96, 96, 3], classes: 2, width: 0.35 }, 32],
};

console.log('| network | arena | memory of the kernels in use |\n|---|---|---|');
let before = 0;
for (const [name, [make, options, batch]] of Object.entries(TASKS)) {
  const model = make({ ...options, seed: 1 });
  model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' });
  const x = new Random(1).uniform([batch, ...options.inputShape]);
  const y = tensor(Array.from({ length: batch }, (_, i) => i % options.classes));
  model.fit(x, y, { batchSize: batch, epochs: 4 });
  const { arenaBytes, heap } = memory();
  const cells = [name, (arenaBytes - before).toLocaleString('en'), (heap?.used ?? 0).toLocaleString('en')];
  before = arenaBytes;
  console.log(`| ${cells.join(' | ')} |`);
}
