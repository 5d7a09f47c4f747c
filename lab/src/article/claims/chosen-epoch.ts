import { both } from '../bilingual.ts';
import { armStrips } from '../charts.ts';
import { defineClaim } from '../claim.ts';
import { stoppedEarly } from '../examples/early-stopping.ts';
import { regressor, train } from '../fitting.ts';
import { noisy } from '../made-data.ts';

const REPEATS = 12;

export const claim = defineClaim({
  id: 'I.6.4-chosen-epoch',
  mistake: 16,
  section: 'I.6.4',
  title: {
    en: 'The validation set that stopped training shows how well the model does',
    zh: '用决定早停的验证集就能评估模型',
  },
  claim: {
    en: 'Stop by the validation loss, restore the best weights, and evaluate on the same validation set.',
    zh: '根据验证损失早停，恢复最佳权重，再用同一个验证集评估模型。',
  },
  quick: true,
  arms: {
    chosen: { en: 'loss on the 30 samples that chose the epoch', zh: '在选定轮次的 30 个样本上的损失' },
    fresh: { en: 'loss on 1,000 new samples', zh: '在 1,000 个新样本上的损失' },
    optimism: { en: 'by which the first is too low', zh: '前者偏低的幅度', unit: both('%') },
    control: { en: 'too low where no epoch was chosen', zh: '不挑选轮次时偏低的幅度', unit: both('%') },
  },
  measure(seed) {
    let chosen = 0;
    let fresh = 0;
    let held300 = 0;
    let fresh300 = 0;
    const test = noisy(seed, 'test', 1000);
    for (let repeat = 0; repeat < REPEATS; repeat++) {
      const [own, held] = [noisy(seed, `train ${repeat}`, 60), noisy(seed, `validation ${repeat}`, 30)];
      const result = stoppedEarly(own, held, test, REPEATS * seed + repeat);
      chosen += result.chosenBy / REPEATS;
      fresh += result.test / REPEATS;
      const whole = regressor(REPEATS * seed + repeat);
      train(whole, own, 300);
      held300 += whole.evaluate(...held).loss!;
      fresh300 += whole.evaluate(...test).loss!;
    }
    return { chosen, fresh, optimism: 100 * (1 - chosen / fresh), control: 100 * (1 - held300 / fresh300) };
  },
  effect: {
    name: { en: 'By which the validation loss is too low', zh: '验证损失偏低的幅度' },
    of: 'optimism',
    unit: both('%'),
    better: 'lower',
    smallest: -2,
  },
  reasons: {
    fails: {
      en: 'The epoch was chosen because the loss on these 30 samples was lowest there, so their luck is in it: it is {chosen}, and on new samples {fresh}, so that it is {optimism} % too low. Where no epoch was chosen, after all 300, the same two sets differ by {control} % only. What chose is no test; a third set is.',
      zh: '之所以选中这一轮，正是因为这 30 个样本上的损失在此最低，其中包含了它们的运气：这里的损失为 {chosen}，而新样本上为 {fresh}，前者偏低 {optimism} %。如果不挑选轮次，训练满 300 轮，这两份数据只相差 {control} %。参与选择的数据不能再用来测试；需要第三份数据。',
    },
    depends: {
      en: 'The loss on the 30 samples that chose the epoch is {chosen}, and on new samples {fresh}: too low by {optimism} % on average, but the luck of 30 samples is larger than this, so that five seeds do not settle it. The direction is known beforehand: who chooses the lowest of many losses chooses their luck too. A third set is free of it.',
      zh: '选定轮次的 30 个样本上的损失为 {chosen}，新样本上为 {fresh}：平均偏低 {optimism} %，但 30 个样本的偶然波动比这更大，五个种子无法定论。方向却是事先可知的：从许多损失中挑最低的，也就挑中了运气。第三份数据没有这个问题。',
    },
    holds: {
      en: 'The loss on the 30 samples that chose the epoch is {chosen}, and on new samples {fresh}. Here the choice among neighbouring epochs gained little, so the validation loss is about right. That cannot be known without a third set.',
      zh: '选定轮次的 30 个样本上的损失为 {chosen}，新样本上为 {fresh}。在这里，相邻轮次之间的选择占的便宜很小，验证损失大致可信。但若没有第三份数据，就无从得知这一点。',
    },
  },
  citations: [
    { text: 'Prechelt 1998, Early Stopping — But When?' },
    { text: 'Hastie, Tibshirani & Friedman 2009, section 7.10' },
  ],
  example: {
    before: `stop = keras.callbacks.EarlyStopping(monitor='val_loss', patience=5, restore_best_weights=True)
model.fit(x_train, y_train, epochs=100, validation_data=(x_val, y_val), callbacks=[stop])
print(model.evaluate(x_val, y_val))  # the set that chose the epoch`,
    after: 'early-stopping',
  },
  charts: armStrips,
});
