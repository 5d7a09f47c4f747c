import { Conv2D, Dense, Dropout, Flatten, GlobalAvgPool2D, MaxPool2D, Sequential } from 'whittle-ml';

/** The CNN as it is offered, or with the mean of each channel in the place of all its pixels. */
export function cnn(inputShape: readonly number[], head: 'pixels' | 'means', seed: number): Sequential {
  return new Sequential(
    [
      new Conv2D(32, 3, { activation: 'relu', inputShape, name: 'convolution' }),
      new MaxPool2D(),
      head === 'pixels' ? new Flatten() : new GlobalAvgPool2D(),
      new Dense(128, { activation: 'relu', name: 'hidden' }),
      new Dropout(0.5),
      new Dense(10, { activation: 'softmax' }),
    ],
    { seed },
  );
}
