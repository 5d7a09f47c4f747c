// How many bytes a training step takes, each network in a process of its own: npm run build && node examples/memory.mjs
import { execFileSync } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { memory, mobileNetV2, Random, smallCNN, tensor } from 'whittle-ml';

const TASKS = {
  'smallCNN, 28×28×1, batch 128': [smallCNN, { inputShape: [28, 28, 1], classes: 10 }, 128],
  'mobileNetV2, width 0.35, 96×96×3, batch 32': [mobileNetV2, { inputShape: [96, 96, 3], classes: 2, width: 0.35 }, 32],
};

function rowOf(name) {
  const [make, options, batch] = TASKS[name];
  const model = make({ ...options, seed: 1 });
  model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' });
  const x = new Random(1).uniform([batch, ...options.inputShape]);
  const y = tensor(Array.from({ length: batch }, (_, i) => i % options.classes));
  const seen = [];
  model.fit(x, y, { batchSize: batch, epochs: 5, callbacks: [{ onEpochEnd: () => seen.push(memory()) }] });
  const most = (sizeOf) => Math.max(...seen.map(sizeOf));
  // the first step is not repeated, and its values are counted; weights leave the kernels' memory when fit ends
  const sizes = [
    most(({ arenaBytes }) => arenaBytes),
    most(({ heap }) => heap?.used ?? 0),
    most(({ heap }) => heap?.bytes ?? 0),
  ];
  return `| ${name} | ${sizes.map((size) => size.toLocaleString('en')).join(' | ')} |`;
}

const [, , asked] = process.argv;
if (asked !== undefined) console.log(rowOf(asked));
else {
  console.log("| network | values of a step | kernels' memory, in use | in all |\n|---|---|---|---|");
  const run = (name) => execFileSync(process.execPath, [fileURLToPath(import.meta.url), name], { encoding: 'utf8' });
  for (const name of Object.keys(TASKS)) console.log(run(name).trimEnd());
}
