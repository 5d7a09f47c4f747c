import { measure, pruneNeurons } from 'whittle-ml';
import { both } from '../bilingual.ts';
import { defineClaim } from '../claim.ts';
import { accuracy, partsOf, teacher, trainedOn } from '../whittled.ts';

const bytes = { en: 'bytes', zh: '字节' };

export const claim = defineClaim({
  id: 'II.5-neurons',
  section: 'II.5',
  title: { en: 'Whole neurons that go make a file smaller', zh: '去掉整个神经元会使文件变小' },
  claim: {
    en: 'Structured pruning removes neurons or filters as a whole, and the model takes less space.',
    zh: '结构化剪枝去掉整个神经元或卷积核，模型占用的空间随之减少。',
  },
  quick: true,
  arms: {
    whole: { en: 'all neurons', zh: '全部神经元', unit: bytes },
    half: { en: 'half of the hidden neurons', zh: '一半隐藏神经元', unit: bytes },
    saved: { en: 'saved', zh: '节省', unit: both('%') },
    wholeAccuracy: { en: 'accuracy of the first', zh: '前者的准确率', unit: both('%') },
    halfAccuracy: { en: 'accuracy of the second', zh: '后者的准确率', unit: both('%') },
  },
  async measure(seed, context) {
    const parts = await partsOf(seed, context);
    const model = teacher(seed, parts);
    const [whole, half] = [model, pruneNeurons(model, { amount: 0.5, scope: 'layer' })].map((each) => {
      const trained = trainedOn(each, parts);
      return { bytes: measure(trained, { latency: false }).bytes, accuracy: accuracy(trained, parts) };
    });
    return {
      whole: whole!.bytes,
      half: half!.bytes,
      saved: 100 * (1 - half!.bytes / whole!.bytes),
      wholeAccuracy: whole!.accuracy,
      halfAccuracy: half!.accuracy,
    };
  },
  effect: {
    name: { en: 'Share of the file that half of the neurons save', zh: '去掉一半神经元节省的文件比例' },
    of: 'saved',
    unit: both('%'),
    better: 'higher',
    smallest: 50,
  },
  reasons: {
    holds: {
      en: 'A unit that goes takes its weights along and what the next layer reads of it, so that half of the units leave a quarter of the weights between two hidden layers. The file has {half} bytes in place of {whole}, {saved} % less, in any format. Trained on, {halfAccuracy} % are right, and {wholeAccuracy} % with all units.',
      zh: '去掉一个神经元，它自己的权重以及下一层读取它的权重也一并去掉，因此神经元减半后，两个隐藏层之间的权重只剩四分之一。文件从 {whole} 字节变为 {half} 字节，减少 {saved} %，而且不依赖任何特殊格式。再训练后准确率为 {halfAccuracy} %，全部神经元时为 {wholeAccuracy} %。',
    },
  },
  citations: [
    { text: 'Li et al. 2017, Pruning Filters for Efficient ConvNets', url: 'https://arxiv.org/abs/1608.08710' },
  ],
});
