// Training in a worker thread of Node, which tells of every epoch and can be told to end. `fitAsync` lets messages
// through between batches, and its signal makes it throw at the next of them; the weights are then those of the last
// batch. The first run ends by itself, the second is called off after its third epoch, well before its hundred thousand
// are over.
//
//   npm run build && node examples/recipes/train-in-a-worker.mjs
//
// prints
//
//   first: epoch 50, loss 0.0010
//   first: epoch 100, loss 0.0004
//   first: epoch 150, loss 0.0003
//   first: done, false,true,true,false
//   second: fitAsync: was aborted
import { on } from 'node:events';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { Adam, Dense, Sequential, tensor } from 'whittle-ml';

async function train({ epochs }) {
  const model = new Sequential([new Dense(8, { activation: 'tanh' }), new Dense(1, { activation: 'sigmoid' })], {
    seed: 1,
  });
  model.compile({ optimizer: new Adam({ learningRate: 0.1 }), loss: 'binaryCrossentropy' });
  const x = tensor([
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1],
  ]);
  const y = tensor([[0], [1], [1], [0]]);
  const controller = new AbortController();
  parentPort.once('message', () => controller.abort());
  const tell = { onEpochEnd: (epoch, { loss }) => parentPort.postMessage({ kind: 'epoch', epoch: epoch + 1, loss }) };
  try {
    await model.fitAsync(x, y, { epochs, callbacks: [tell], signal: controller.signal });
    parentPort.postMessage({ kind: 'done', chances: [...model.predict(x).data] });
  } catch (error) {
    parentPort.postMessage({ kind: 'ended', reason: error.message });
  }
}

async function follow(name, plan, endAfter) {
  const worker = new Worker(new URL(import.meta.url));
  worker.postMessage(plan);
  for await (const [{ kind, epoch, loss, chances, reason }] of on(worker, 'message')) {
    if (kind === 'epoch' && epoch === endAfter) worker.postMessage('end');
    if (kind === 'epoch' && epoch % 50 === 0 && !endAfter)
      console.log(`${name}: epoch ${epoch}, loss ${loss.toFixed(4)}`);
    if (kind === 'done') console.log(`${name}: done, ${chances.map((p) => p > 0.5)}`);
    if (kind === 'ended') console.log(`${name}: ${reason}`);
    if (kind !== 'epoch') break;
  }
  await worker.terminate();
}

if (isMainThread) {
  await follow('first', { epochs: 150 });
  await follow('second', { epochs: 100_000 }, 3);
} else parentPort.once('message', train);
