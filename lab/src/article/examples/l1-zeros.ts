import { Adam, add, Dense, l1, matmul, Proximal, Random, Sequential, tensor } from 'whittle-ml';

const FEATURES = 20;

/** Of 20 features 3 matter. */
export function samples(seed: number, stream: string, count: number) {
  const random = new Random(seed, stream);
  const x = random.normal([count, FEATURES]);
  const truth = tensor(Array.from({ length: FEATURES }, (_, i) => [[2, -1.5, 1][i] ?? 0]));
  return { x, y: add(matmul(x, truth), random.normal([count, 1], 0, 0.3)) };
}

/** Adam on the same network, with L1 as a penalty in the loss, or as a proximal map behind each step. */
export function trainWithL1(seed: number, isProximal: boolean): Sequential {
  const penalty = isProximal ? {} : { kernelRegularizer: l1(0.01) };
  const layers = [new Dense(10, { activation: 'relu', ...penalty }), new Dense(1, penalty)];
  const model = new Sequential(layers, { seed });
  const adam = new Adam({ learningRate: 0.003 });
  model.compile({ optimizer: isProximal ? new Proximal(adam, { lambda: 0.2 }) : adam, loss: 'mse', metrics: ['r2'] });
  const { x, y } = samples(seed, 'train', 400);
  model.fit(x, y, { epochs: 60 });
  return model;
}
