import type { embedPage as en } from '../en/embed-page.ts';

export const embedPage: typeof en = {
  documentTitle: 'whittle-ml 实验室：把实验嵌入你的网页',
  title: '把实验嵌入你的网页',
  how: '只需加载一次 `embed.js`，然后放置任意多个 `whittle-lab` 元素。每个元素在自己的 Worker 中训练一个实验：看到它之前不加载任何内容，移出视野时暂停，被移除时停止。它不需要任何框架，在不含 `unsafe-eval`、不允许内联样式的安全策略下也能运行。',
  lab: '先在实验室中设置一个实验，',
  address: '再复制地址中 `#` 之后的部分。',
  plane: '平面上的输出',
  curve: '拟合曲线',
  losses: '损失曲线（中文）',
  attributes: '属性',
  experiment: '实验室地址中 `#` 之后的内容：数据、网络、训练。未写明的取默认值。',
  show: '`plane`（默认）或 `curve`，取决于数据；也可以是 `losses`。',
  language: '`en` 或 `zh`；未写明时与所在网页的语言相同。',
  autoplay: '首次进入视野时开始训练，除非读者偏好减少动态效果。',
  policy:
    '若从另一台服务器加载，网页须在 `worker-src` 中允许 `blob:` 和该服务器，该服务器须发送 `Access-Control-Allow-Origin`。',
  copy: '复制',
  copied: '已复制',
  isCopied: '代码已复制。',
  notCopied: '浏览器不允许复制，请选中文本后自行复制',
};
