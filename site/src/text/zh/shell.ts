import type { Text } from '../text.ts';

export const shell: Text['shell'] = {
  title: 'whittle-ml 实验室',
  name: '实验室',
  skip: '跳到正文',
  tabs: {
    label: '实验室的各部分',
    fit: '拟合',
    compress: '压缩',
    digits: '手写数字',
    kernels: '计算内核',
    article: '文章',
  },
  language: '语言',
  docs: '文档',
  kernels: {
    wasm: 'WebAssembly 内核',
    cpu: 'TypeScript 内核',
    wasmHint: '引擎在页面之外的 Worker 中运行，使用 WebAssembly SIMD 计算。',
    cpuHint: '引擎在 Worker 中用 TypeScript 计算：WebAssembly SIMD 仍在加载，或浏览器及其安全策略不允许使用。',
  },
  loading: '正在加载……',
  failed: (why) => `这一部分因自身错误而停止：${why}`,
  notLoaded: (why) => `这一部分未能加载：${why} 请检查网络连接后重试。`,
  noEngine: (why) => `引擎未能启动，因此无法训练：${why}`,
  noLanguage: (why) => `另一种语言未能加载：${why} 请检查网络连接，然后重新选择。`,
  again: '重试',
};
