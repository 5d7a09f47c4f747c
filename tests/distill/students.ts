/** Small teachers and students, and one way to train them. */
import { Dense, type DistillOptions, distill, randomNormal, Sequential, SGD } from '../../src/index.ts';
import { threeClasses } from '../compress/tools.ts';

export const [x, y] = threeClasses(48);
export type Ending = 'softmax' | 'sigmoid' | 'linear';

export function net(hidden: number, seed: number, ending: Ending = 'softmax', outputs = 3): Sequential {
  const weights = { kernelInitializer: randomNormal(0, 1) };
  return new Sequential(
    [
      new Dense(hidden, { ...weights, activation: 'relu', inputShape: [5], name: 'hidden' }),
      new Dense(outputs, { ...weights, activation: ending, name: 'last' }),
    ],
    { seed },
  );
}

export const sgd = (): SGD => new SGD({ learningRate: 0.05 });
export const train = (options: Partial<DistillOptions> = {}): ReturnType<typeof distill> =>
  distill({ teacher: net(8, 1), student: net(4, 2), x, y, epochs: 2, batchSize: 16, optimizer: sgd, ...options });
