// The pages of the documentation: which file of the repository each is made of, where it goes, and what it is called in
// both languages. A file of docs/ without a row here fails the build.

/** @typedef {{ readonly file: string, readonly name: string, readonly en: string, readonly zh: string }} Page */
/** @typedef {{ readonly en: string, readonly zh: string, readonly pages: readonly Page[] }} Group */

/** @type {readonly Group[]} */
export const GROUPS = [
  {
    en: 'Start',
    zh: '入门',
    pages: [
      { file: 'README.md', name: 'guide', en: 'Guide', zh: '使用指南' },
      {
        file: 'docs/migration.md',
        name: 'migration',
        en: 'Coming from Keras or scikit-learn',
        zh: '从 Keras 或 scikit-learn 迁移',
      },
      { file: 'examples/README.md', name: 'examples', en: 'Examples', zh: '示例' },
      { file: 'docs/article.md', name: 'article', en: 'An article, measured', zh: '实测一篇文章' },
      { file: 'docs/site.md', name: 'site', en: 'The lab, and this site', zh: '实验室与本站' },
      { file: 'docs/support.md', name: 'support', en: 'Support', zh: '支持范围' },
    ],
  },
  {
    en: 'Data and models',
    zh: '数据与模型',
    pages: [
      { file: 'docs/tables.md', name: 'tables', en: 'Tables', zh: '表格数据' },
      { file: 'docs/learn.md', name: 'learn', en: 'Classic learners', zh: '经典学习算法' },
      { file: 'docs/layers.md', name: 'layers', en: 'A layer of your own', zh: '自定义层' },
      {
        file: 'docs/convolutions.md',
        name: 'convolutions',
        en: 'Convolutions, pools, normalizations, words',
        zh: '卷积、池化、归一化与文本',
      },
      { file: 'docs/sorting.md', name: 'sorting', en: 'Sorting, counting and running sums', zh: '排序、计数与累积和' },
      { file: 'data/README.md', name: 'data', en: 'Data that comes with it', zh: '自带数据' },
    ],
  },
  {
    en: 'Compression',
    zh: '模型压缩',
    pages: [
      { file: 'docs/pruning.md', name: 'pruning', en: 'Pruning', zh: '剪枝' },
      { file: 'docs/zeros.md', name: 'zeros', en: 'Zeros that training makes', zh: '训练中产生的零' },
      { file: 'docs/quantization.md', name: 'quantization', en: 'Quantization', zh: '量化' },
      { file: 'docs/sharing.md', name: 'sharing', en: 'Sharing', zh: '权重共享' },
      { file: 'docs/distillation.md', name: 'distillation', en: 'Distillation', zh: '知识蒸馏' },
      { file: 'docs/pareto.md', name: 'pareto', en: 'The search over recipes', zh: '压缩方案搜索' },
      { file: 'docs/papers.md', name: 'papers', en: 'Papers, trained again', zh: '论文复现' },
    ],
  },
  {
    en: 'Files and programs',
    zh: '文件与部署',
    pages: [
      { file: 'docs/files.md', name: 'files', en: 'Files', zh: '模型文件' },
      { file: 'docs/export.md', name: 'export', en: 'Export', zh: '导出' },
      { file: 'docs/formats.md', name: 'formats', en: 'Other formats', zh: '其他格式' },
      { file: 'docs/onnx-models.md', name: 'onnx-models', en: 'Models of ONNX', zh: 'ONNX 测试模型' },
      { file: 'docs/sizes.md', name: 'sizes', en: 'Sizes', zh: '体积' },
    ],
  },
  {
    en: 'How it is made',
    zh: '设计与开发',
    pages: [
      { file: 'docs/reading-order.md', name: 'reading-order', en: 'Reading order', zh: '源码阅读顺序' },
      { file: 'docs/design.md', name: 'design', en: 'Design', zh: '设计' },
      { file: 'bench/README.md', name: 'benchmarks', en: 'Benchmarks', zh: '性能测试' },
      { file: 'CONTRIBUTING.md', name: 'contributing', en: 'Contributing', zh: '参与开发' },
      { file: 'SECURITY.md', name: 'security', en: 'Security', zh: '安全' },
      { file: 'CHANGELOG.md', name: 'changelog', en: 'Changelog', zh: '更新日志' },
    ],
  },
];
