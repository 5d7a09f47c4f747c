import { fromData, gather, prune, type Samples } from 'whittle-ml';
import { both } from '../bilingual.ts';
import { defineClaim } from '../claim.ts';
import { POINTS } from '../drawn-digits.ts';
import { damageTo } from '../examples/class-damage.ts';
import { type Parts, partsOf, teacher, trainedOn } from '../whittled.ts';

/** The same samples with a tenth of one class. */
function withFew(rare: number, [x, y]: Samples): Samples {
  let seen = 0;
  const kept = Int32Array.from([...y.data.keys()].filter((i) => y.data[i] !== rare || seen++ % 10 === 0));
  const indices = fromData(kept);
  return [gather(x, indices, 0), gather(y, indices, 0)];
}

export const claim = defineClaim({
  id: 'II.1-classes',
  mistake: 19,
  section: 'II.1',
  title: { en: 'Where accuracy stays, nothing is lost', zh: '准确率不变，就没有损失' },
  claim: {
    en: 'A compressed network has the accuracy of the whole one, so it does the same.',
    zh: '压缩后的网络准确率与原网络相同，因此效果一样。',
  },
  quick: true,
  arms: {
    whole: { en: 'accuracy of the whole network', zh: '完整网络的准确率', unit: both('%') },
    pruned: { en: 'accuracy, 80 % pruned', zh: '剪去 80 % 后的准确率', unit: both('%') },
    rareWhole: { en: 'recall of the rare class, whole', zh: '完整网络在少数类上的召回率', unit: both('%') },
    rarePruned: { en: 'recall of the rare class, 80 % pruned', zh: '剪去 80 % 后在少数类上的召回率', unit: both('%') },
    changed: { en: 'answers that changed', zh: '改变了的回答', unit: both('%') },
  },
  async measure(seed, context) {
    const full = await partsOf(seed, context);
    const rare = seed % 10;
    const parts: Parts = { ...full, train: withFew(rare, full.train) };
    const model = teacher(seed, parts);
    const [whole, pruned] = [model, prune(model, { sparsity: 0.8 })].map((each) => trainedOn(each, parts));
    const [common, all] = [withFew(rare, parts.test), parts.test].map((test) => damageTo(rare, whole!, pruned!, test));
    return {
      whole: 100 * common!.accuracy.before.share,
      pruned: 100 * common!.accuracy.after.share,
      rareWhole: 100 * all!.rare.before.share,
      rarePruned: 100 * all!.rare.after.share,
      changed: 100 * common!.changed,
    };
  },
  effect: {
    name: { en: 'Recall of the rare class, pruned less whole', zh: '少数类召回率：剪枝后减去剪枝前' },
    of: ['rarePruned', 'rareWhole'],
    unit: POINTS,
    better: 'higher',
    smallest: -2,
  },
  reasons: {
    fails: {
      en: 'One class has a tenth of its samples here, and accuracy on samples of that kind is {pruned} % pruned and {whole} % whole. But of all test samples of the rare class {rarePruned} % are recognized in place of {rareWhole} %, of which accuracy shows next to nothing, since they are one in a hundred; and {changed} % of all answers changed.',
      zh: '这里有一个类别只保留十分之一的样本。在这样分布的样本上，剪枝后的准确率为 {pruned} %，剪枝前为 {whole} %。但就少数类的全部测试样本而言，识别出的比例从 {rareWhole} % 变为 {rarePruned} %；它们只占百分之一，所以准确率几乎看不出来。另外，有 {changed} % 的回答改变了。',
    },
    depends: {
      en: 'One class has a tenth of its samples here, and accuracy on samples of that kind is {pruned} % pruned and {whole} % whole. But of all test samples of the rare class {rarePruned} % are recognized in place of {rareWhole} %, of which accuracy shows next to nothing, since they are one in a hundred; and {changed} % of all answers changed. How much a class loses differs widely between the seeds, each of which has another rare class.',
      zh: '这里有一个类别只保留十分之一的样本。在这样分布的样本上，剪枝后的准确率为 {pruned} %，剪枝前为 {whole} %。但就少数类的全部测试样本而言，识别出的比例从 {rareWhole} % 变为 {rarePruned} %；它们只占百分之一，所以准确率几乎看不出来。另外，有 {changed} % 的回答改变了。每个种子的少数类不同，损失多少也相差很大。',
    },
  },
  citations: [
    {
      text: 'Hooker et al. 2019, What Do Compressed Deep Neural Networks Forget?',
      url: 'https://arxiv.org/abs/1911.05248',
    },
    { text: 'Hooker et al. 2020, Characterising Bias in Compressed Models', url: 'https://arxiv.org/abs/2010.03058' },
  ],
  example: {
    before: `_, accuracy = model.evaluate(x_test, y_test)
_, pruned_accuracy = pruned.evaluate(x_test, y_test)
print(accuracy, pruned_accuracy)  # about equal, so all is well`,
    after: 'class-damage',
  },
});
