import { Dense, fromData, Sequential } from 'whittle-ml';
import { createGpuBackend, gpuTrain } from 'whittle-ml/gpu';

/** The same as train.mjs on a graphics processor; GPU.js itself comes on top. */
export async function run(x, y) {
  const layers = [new Dense(8, { activation: 'relu', inputShape: [2] }), new Dense(1, { activation: 'sigmoid' })];
  const model = new Sequential(layers, { seed: 1 });
  model.compile({ optimizer: 'adam', loss: 'binaryCrossentropy', metrics: ['accuracy'] });
  const gpu = await createGpuBackend();
  await gpuTrain(model, fromData(x, [y.length, 2]), fromData(y, [y.length, 1]), { gpu, epochs: 2 });
  await gpu.dispose();
  return model;
}
