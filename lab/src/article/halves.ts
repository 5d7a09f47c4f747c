import { pad, reshape, type Tensor } from 'whittle-ml';
import type { Context } from './claim.ts';
import { firstHalf, halved, network } from './examples/halved.ts';
import { EPOCHS, type Parts, partsOf } from './whittled.ts';

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

/** The article's network, trained, and with halves of its first hidden layer. */
export async function halvesOf(seed: number, context: Context) {
  const parts = framed(await partsOf(seed, context));
  const whole = network(seed);
  whole.fit(...parts.train, { epochs: EPOCHS });
  return { parts, whole, first: firstHalf(whole), important: halved(whole) };
}
