import { armStrips } from '../charts.ts';
import { defineClaim } from '../claim.ts';
import { fitted } from '../examples/larger-model.ts';
import { fitOf } from '../fitting.ts';
import { noisy } from '../made-data.ts';

export const claim = defineClaim({
  id: 'I.6.5-larger-model',
  mistake: 1,
  section: 'I.6.5',
  title: { en: 'A larger model cures underfitting', zh: '更大的模型能解决欠拟合' },
  claim: {
    en: 'Where a small model underfits, one with hidden layers of 64, 128 and 256 units does better. The heading says overfitting.',
    zh: '小模型欠拟合时，换用 64、128、256 个单元的隐藏层会更好。原文的标题却写成了解决过拟合。',
  },
  quick: true,
  arms: {
    small: { en: '2 hidden neurons: R² on training samples', zh: '2 个隐藏神经元：训练样本 R²' },
    large: { en: '64, 128 and 256: R² on training samples', zh: '64、128、256：训练样本 R²' },
    smallTest: { en: '2: R² on new samples', zh: '2：新样本 R²' },
    largeTest: { en: '64, 128 and 256: R² on new samples', zh: '64、128、256：新样本 R²' },
    smallSize: { en: '2', zh: '2', unit: { en: 'parameters', zh: '个参数' } },
    largeSize: { en: '64, 128 and 256', zh: '64、128、256', unit: { en: 'parameters', zh: '个参数' } },
  },
  measure(seed) {
    const [own, others] = [noisy(seed, 'train', 500), noisy(seed, 'test', 1000)];
    const [small, large] = [
      { hidden: [2], epochs: 200 },
      { hidden: [64, 128, 256], epochs: 12 },
    ].map(({ hidden, epochs }) => {
      const model = fitted(...own, hidden, epochs, seed);
      return { ...fitOf(model, own, others), size: model.parameterCount };
    });
    return {
      ...{ small: small!.train, large: large!.train, smallTest: small!.test, largeTest: large!.test },
      ...{ smallSize: small!.size, largeSize: large!.size },
    };
  },
  effect: {
    name: { en: 'Gain of R² on new samples', zh: '新样本 R² 的增益' },
    of: ['largeTest', 'smallTest'],
    better: 'higher',
    smallest: 0.05,
  },
  reasons: {
    holds: {
      en: 'With two hidden neurons R² is {small} on the 500 training samples, however long it trains: it underfits. With {largeSize} parameters it is {large} there and {largeTest} on new samples, against {smallTest} before, of 0.85 that can be had. What it cures is underfitting; the gap between training and new samples grows.',
      zh: '只有两个隐藏神经元时，无论训练多久，500 个训练样本上的 R² 也只有 {small}：这是欠拟合。{largeSize} 个参数的网络在训练样本上为 {large}，在新样本上为 {largeTest}（原来为 {smallTest}，上限约为 0.85）。它解决的是欠拟合；训练样本与新样本之间的差距反而变大了。',
    },
  },
  citations: [
    {
      text: 'scikit-learn, user guide: Validation curves',
      url: 'https://scikit-learn.org/stable/modules/learning_curve.html',
    },
  ],
  example: {
    before: `# "against overfitting"
model = keras.Sequential([
    keras.layers.Dense(64, activation='relu', input_shape=(10,)),
    keras.layers.Dense(128, activation='relu'),
    keras.layers.Dense(256, activation='relu'),
    keras.layers.Dense(1),
])
model.compile(optimizer='adam', loss='mse')
model.fit(x_train, y_train, epochs=100, batch_size=32)`,
    after: 'larger-model',
  },
  charts: armStrips,
});
