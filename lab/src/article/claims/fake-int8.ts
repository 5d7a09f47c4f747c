import { both } from '../bilingual.ts';
import { defineClaim } from '../claim.ts';
import { trainedForInt8 } from '../examples/fake-int8.ts';
import { accuracy, partsOf, teacher } from '../whittled.ts';

const bytes = { en: 'bytes', zh: '字节' };

export const claim = defineClaim({
  id: 'II.6.2-fake-int8',
  mistake: 26,
  section: 'II.6.2',
  title: { en: 'A model wrapped for quantization is a small one', zh: '套上量化层的模型就是小模型' },
  claim: {
    en: 'A network is put into a quantizing layer, trained and evaluated: it is quantized then, and smaller.',
    zh: '把网络放进量化层里训练和评估：它就被量化了，也就变小了。',
  },
  quick: true,
  arms: {
    real: { en: 'file in float32', zh: 'float32 文件', unit: bytes },
    prepared: { en: 'file of the model trained for int8', zh: '为 int8 训练的模型文件', unit: bytes },
    int8: { en: 'file when converted', zh: '转换之后的文件', unit: bytes },
    saved: { en: 'saved before it is converted', zh: '转换之前节省的空间', unit: both('%') },
    preparedAccuracy: { en: 'accuracy before it is converted', zh: '转换之前的准确率', unit: both('%') },
    int8Accuracy: { en: 'accuracy when converted', zh: '转换之后的准确率', unit: both('%') },
  },
  async measure(seed, context) {
    const parts = await partsOf(seed, context);
    const { prepared, network, files } = trainedForInt8(teacher(seed, parts), parts.train, 5);
    return {
      real: files.real.length,
      prepared: files.prepared.length,
      int8: files.int8.length,
      saved: 100 * (1 - files.prepared.length / files.real.length),
      preparedAccuracy: accuracy(prepared, parts),
      int8Accuracy: accuracy(network, parts),
    };
  },
  effect: {
    name: { en: 'Share of the file that is saved without converting', zh: '不转换时节省的文件比例' },
    of: 'saved',
    unit: both('%'),
    better: 'higher',
    smallest: 50,
  },
  reasons: {
    fails: {
      en: 'There is no layer keras.layers.Quantize. What does exist, training with rounded numbers, holds them in float32, so that small steps add up: the file has {prepared} bytes, more than the {real} before, by the ranges that it learns. Only when converted does it hold integers, {int8} bytes, and answer the same: {preparedAccuracy} % and {int8Accuracy} % are right.',
      zh: '并不存在 keras.layers.Quantize 这个层。真正存在的是带取整的训练，但数值仍以 float32 存储，这样小步更新才能累积：文件为 {prepared} 字节，因为还要存学到的范围，比之前的 {real} 字节还大。转换之后才存储整数，为 {int8} 字节，回答不变：准确率为 {preparedAccuracy} % 和 {int8Accuracy} %。',
    },
  },
  citations: [{ text: 'Jacob et al. 2018, section 3', url: 'https://arxiv.org/abs/1712.05877' }],
  example: {
    before: `# there is no such layer, and Sequential takes a list
quantized = keras.Sequential(keras.layers.Quantize(model))
# neither trained nor compiled
quantized.evaluate(x_test, y_test)
# what does exist, quantize_model(model) of TensorFlow Model Optimization, trains as if in int8, in float32`,
    after: 'fake-int8',
  },
});
