// What the worker does: it reads the digits, trains, and tells the page after each batch and each epoch.
import { Adam, backend, data, reshape, smallCNN } from '../../dist/whittle.esm.min.js';

async function train({ epochs }) {
  const answer = await fetch(new URL('../../data/digits.csv.gz', import.meta.url));
  const bytes = new Uint8Array(await answer.arrayBuffer());
  const { features, target } = await data.tableFromBytes(bytes, { target: 'digit' });
  const images = data.imagesOf(reshape(features, [features.shape[0], 8, 8, 1]), { white: 16 });
  const [[x, xNew], [y, yNew]] = data.trainTestSplit([images, target], { stratify: target, testSize: 0.2, seed: 1 });
  const model = smallCNN({ inputShape: [8, 8, 1], classes: 10, seed: 1 });
  model.compile({ optimizer: new Adam(), loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] });
  postMessage({ kind: 'begun', parameters: model.parameterCount, kernels: backend().name });
  const batchSize = 32;
  const batches = epochs * Math.ceil(x.shape[0] / batchSize);
  let done = 0;
  model.fit(x, y, {
    epochs,
    batchSize,
    callbacks: [
      {
        onBatchEnd: () => postMessage({ kind: 'batch', done: ++done / batches }),
        onEpochEnd: (epoch, { loss, accuracy }) => postMessage({ kind: 'epoch', epoch: epoch + 1, loss, accuracy }),
      },
    ],
  });
  postMessage({ kind: 'done', accuracy: model.evaluate(xNew, yNew).accuracy });
}

addEventListener('message', ({ data: request }) => {
  // an error of a promise would reach nobody
  const fail = (error) =>
    setTimeout(() => {
      throw error;
    });
  train(request).catch(fail);
});
