import type { Refusals } from '../en/refusals.ts';
import { inEnglish } from '../foreign.ts';
import { compressRefusals } from './compress-refusals.ts';
import { tableRefusals } from './table-refusals.ts';

export const refusals: Refusals = {
  ...compressRefusals,
  ...tableRefusals,
  'nothing started': () => '还没有实验：请先开始一个。',
  'all epochs trained': ({ epochs }) => `${epochs} 轮已全部训练完：请增加轮数，或重新开始。`,
  'too few points': ({ points, least }) => `只有 ${points} 个样本，至少需要 ${least} 个：请再添加一些。`,
  'one class': ({ name }) => `所有样本都属于类别 ${name}：还需要第二个类别。`,
  'one number': ({ number }) => `所有样本要学习的数都是 ${number}：请换一列来学习，或添加数值不同的样本。`,
  'too few of a class': ({ name, samples, least }) =>
    `类别 ${name} 只有 ${samples} 个样本，至少需要 ${least} 个，才能使训练、验证、测试各有一个：请添加样本，或去掉该类别。`,
  'too many rows': ({ rows, most }) => `表格有 ${rows} 行，这里最多 ${most} 行：请只取其中一部分。`,
  'no table': () => '还没有表格：请粘贴或拖入一个。',
  'hinge of classes': ({ classes }) => `合页损失只能区分两个类别，而这里有 ${classes} 个：请选择交叉熵。`,
  'other output': () => '该损失函数需要另一种输出层：请重新开始。',
  'no such neuron': ({ layer, unit }) => `第 ${layer + 1} 层没有第 ${unit + 1} 个神经元。`,
  'bad sample': ({ wanted, given }) => `这里每个样本有 ${wanted} 个数，而给出的是 ${given} 个。`,
  'bad setting': ({ name, value, wanted }) => `${name} 为 ${String(value)}：必须是 ${wanted}。`,
  unexplained: ({ sentence }) => `引擎的说明：${inEnglish(sentence)}`,
};
