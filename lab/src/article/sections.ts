import type { Bilingual } from './bilingual.ts';

/** The sections of the article, as it numbers them, by what each is about. */
export const SECTIONS = {
  'I.1': { en: 'What underfitting and overfitting are', zh: '什么是欠拟合与过拟合' },
  'I.2': { en: 'Symptoms of both', zh: '欠拟合与过拟合的表现' },
  'I.3': { en: 'Causes of both', zh: '欠拟合与过拟合的原因' },
  'I.4': { en: 'Effects of both', zh: '欠拟合与过拟合的影响' },
  'I.5': { en: 'Remedies against both', zh: '欠拟合与过拟合的对策' },
  'I.6.1': { en: 'Example: more data', zh: '示例：增加数据量' },
  'I.6.2': { en: 'Example: regularization', zh: '示例：正则化' },
  'I.6.3': { en: 'Example: dropout', zh: '示例：Dropout' },
  'I.6.4': { en: 'Example: early stopping', zh: '示例：早停' },
  'I.6.5': { en: 'Example: a larger model', zh: '示例：更大的模型' },
  'I.6.6': { en: 'Example: more features', zh: '示例：更多特征' },
  'I.6.7': { en: 'Example: more epochs', zh: '示例：更多训练轮次' },
  'II.1': { en: 'What compression is', zh: '什么是模型压缩' },
  'II.2': { en: 'What compression is good for', zh: '模型压缩的作用' },
  'II.5': { en: 'Ways to compress', zh: '模型压缩的方法' },
  'II.6.1': { en: 'Example: pruning', zh: '示例：剪枝' },
  'II.6.2': { en: 'Example: quantization', zh: '示例：量化' },
  'II.6.3': { en: 'Example: distillation', zh: '示例：知识蒸馏' },
  'II.6.4': { en: 'Example: a light network', zh: '示例：轻量化网络' },
} as const satisfies Readonly<Record<string, Bilingual>>;

export type Section = keyof typeof SECTIONS;

/** In the order of the article. */
export const SECTION_NAMES = Object.keys(SECTIONS) as readonly Section[];
