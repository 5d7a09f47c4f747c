import type { compressRefusals as english } from '../en/compress-refusals.ts';
import { inEnglish } from '../foreign.ts';

/** Why nothing is compressed, written, opened or asked. */
export const compressRefusals: typeof english = {
  'rounding of many bits': ({ bits }) =>
    `量化感知训练只适用于 8 位或 4 位，而当前为 ${bits} 位：请选择 8 位或 4 位，或关闭该训练。`,
  'no hidden layer': ({ of }) =>
    of === 'neurons'
      ? '网络没有隐藏层，无法剪去神经元：请改为剪去单个权重或条块。'
      : '网络没有隐藏层，学生网络无法更窄：请把宽度设为 1。',
  'answers not finite': () => '压缩后的网络输出了非有限的数：请降低学习率，或减少训练轮数。',
  'nothing trained': () => '还没有网络：请先训练一个。',
  'nothing compressed': () => '还没有压缩后的网络：请先压缩训练好的网络。',
  'no such format': ({ format, formats }) =>
    `没有名为 ${JSON.stringify(format)} 的格式：可用的有 ${formats.join('、')}。`,
  'not writable': ({ label, problem }) =>
    `这个网络无法写成 ${label}，请选择其他格式。引擎的说明：${inEnglish(problem)}`,
  'not compressed': ({ problem }) => `这个网络无法这样压缩，请换一种设置。引擎的说明：${inEnglish(problem)}`,
  'file empty': ({ name }) => `${name}：文件是空的。`,
  'file too large': ({ name, megabytes, most }) => `${name}：文件有 ${megabytes} MiB，这里最多读取 ${most} MiB。`,
  'no network': ({ name }) =>
    `${name}：这不是网络文件：可以读取 .safetensors、.onnx、.tflite 文件、TensorFlow.js 的 model.json，以及由本页写出的模块。`,
  'other file': ({ name, title, remedy }) =>
    `${name}：这里不能读取这种文件，请先转换。引擎的说明：${inEnglish(`${title}. ${remedy}.`)}`,
  'types of a module': ({ name }) => `${name}：这是模块的类型声明：请打开模块本身，即 .mjs 文件。`,
  C: ({ name }) => `${name}：C 代码用于编译，不能读回：请打开 .safetensors 文件或模块。`,
  'nothing carried': ({ name }) =>
    `${name}：该模块没有附带网络文件，而本页不运行外来代码，无法向它询问：请打开 .safetensors 文件，或由本页写出的模块。`,
  'module changed': ({ name }) => `${name}：模块附带的网络与其代码计算的不一致：其中之一被改动过。`,
  'file cut': ({ name, wanted, given }) =>
    `${name}：文件头说明有 ${wanted} 字节，后面却只有 ${given} 字节：文件不完整，请重新保存或下载。`,
  'file types': ({ name, tensor, types }) =>
    `${name}：张量 ${tensor} 的数值类型不在可读之列：请存为以下类型之一：${types}。`,
  'file broken': ({ name, problem }) =>
    `${name} 无法读取：文件可能已损坏，或由别的程序写出，请重新保存、导出或下载。引擎的说明：${inEnglish(problem)}`,
  'no drawing': () => '一幅手写图像应为 8×8 个 0 到 16 之间的数。',
  'no digits': ({ status }) => `手写数字网络的文件不存在（${status}）：请重新载入页面。`,
};
