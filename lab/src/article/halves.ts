import { type Model, pad, reshape, type Tensor } from 'whittle-ml';
import type { Context } from './claim.ts';
import { firstHalf, halved, network } from './examples/halved.ts';
import { accuracy, EPOCHS, type Parts, partsOf, trainedOn } from './whittled.ts';

/** Images of 10×10, since the article's network reads 100 numbers: the digits have a frame of zeros around them. */
function framed({ train, test }: Parts): Parts {
  const frame = (x: Tensor): Tensor => {
    const images = reshape(x, [-1, 8, 8]);
    return reshape(
      pad(images, [
        [0, 0],
        [1, 1],
        [1, 1],
      ]),
      [-1, 100],
    );
  };
  return { train: [frame(train[0]), train[1]], test: [frame(test[0]), test[1]] };
}

/** The article's network whole, and with halves of its first hidden layer, as they are cut and trained on. */
export async function halvesOf(seed: number, context: Context) {
  const parts = framed(await partsOf(seed, context));
  const whole = network(seed);
  whole.fit(...parts.train, { epochs: EPOCHS });
  const scores = (model: Model) => ({
    cut: accuracy(model, parts),
    tuned: accuracy(trainedOn(model, parts), parts),
    parameters: model.parameterCount,
  });
  return { whole: scores(whole), first: scores(firstHalf(whole)), important: scores(halved(whole)) };
}
