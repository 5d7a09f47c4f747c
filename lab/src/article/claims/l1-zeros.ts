import { both } from '../bilingual.ts';
import { armStrips } from '../charts.ts';
import { defineClaim } from '../claim.ts';
import { samples, trainWithL1 } from '../examples/l1-zeros.ts';

/** Of the kernels in percent, and R² on samples that were not trained on. */
function judge(seed: number, isProximal: boolean): { readonly zeros: number; readonly r2: number } {
  const model = trainWithL1(seed, isProximal);
  const numbers = model.trainable.flatMap(({ name, value }) => (name.endsWith('kernel') ? [...value.data] : []));
  const { x, y } = samples(seed, 'test', 400);
  const { r2 } = model.evaluate(x, y);
  return { zeros: (100 * numbers.filter((w) => w === 0).length) / numbers.length, r2: r2! };
}

export const claim = defineClaim({
  id: 'I.6.2-l1-zeros',
  mistake: 14,
  section: 'I.6.2',
  title: { en: 'A penalty of L1 leaves fewer weights', zh: 'L1 惩罚项会减少权重' },
  claim: {
    en: 'An L1 penalty on the kernels, trained by Adam, makes weights small or zero, so that the model is simpler.',
    zh: '在权重上加 L1 惩罚项并用 Adam 训练，会使权重变小乃至为零，从而让模型更简单。',
  },
  quick: true,
  arms: {
    penalty: { en: 'L1 as a penalty in the loss', zh: '作为损失中的惩罚项的 L1', unit: both('%') },
    proximal: { en: 'L1 as a proximal map behind each step', zh: '作为每步之后近端映射的 L1', unit: both('%') },
    penaltyR2: { en: 'R² of the first on new samples', zh: '前者在新样本上的 R²' },
    proximalR2: { en: 'R² of the second on new samples', zh: '后者在新样本上的 R²' },
  },
  measure(seed) {
    const penalty = judge(seed, false);
    const proximal = judge(seed, true);
    return { penalty: penalty.zeros, proximal: proximal.zeros, penaltyR2: penalty.r2, proximalR2: proximal.r2 };
  },
  effect: {
    name: { en: 'Weights that are exactly 0 by the penalty', zh: '惩罚项使之恰好为 0 的权重' },
    of: 'penalty',
    unit: both('%'),
    better: 'higher',
    smallest: 10,
  },
  reasons: {
    fails: {
      en: 'The subgradient of |w| is a step of fixed size towards 0, which the next one crosses: weights become small and hover about 0, and exactly 0 are {penalty} % of them. The proximal map stops at 0: it leaves {proximal} % of the weights at 0, which can then be removed, with R² {proximalR2} against {penaltyR2}.',
      zh: '|w| 的次梯度总是朝 0 迈出固定大小的一步，下一步又会越过 0：权重变小，在 0 附近来回摆动，恰好为 0 的占 {penalty} %。近端映射则会停在 0：有 {proximal} % 的权重恰好为 0，可以直接删去，R² 为 {proximalR2}，前者为 {penaltyR2}。',
    },
  },
  citations: [
    { text: 'Parikh & Boyd 2014, Proximal Algorithms' },
    { text: 'Tibshirani 1996, Regression Shrinkage and Selection via the Lasso' },
  ],
  example: {
    before: `model = keras.Sequential([
    keras.layers.Dense(10, activation='relu', kernel_regularizer=keras.regularizers.l1(0.01)),
    keras.layers.Dense(1, kernel_regularizer=keras.regularizers.l1(0.01)),
])
model.compile(optimizer='adam', loss='mse')
model.fit(x_train, y_train, epochs=60)`,
    after: 'l1-zeros',
  },
  charts: armStrips,
});
