import type { tableRefusals as english } from '../en/table-refusals.ts';
import { inEnglish } from '../foreign.ts';

/** What is wrong with a table. */
export const tableRefusals: typeof english = {
  'bad table': ({ problem }) => {
    switch (problem.what) {
      case 'column alone':
        return '除了要学习的列，没有可用的特征列：请添加一列取值不同的数值（行号不算）。';
      case 'no rows':
        return '表格只有表头，没有数据行：请在列名下面添加数据。';
      case 'cells':
        return `第 ${problem.line} 行有 ${problem.cells} 个单元格，而表头有 ${problem.wanted} 个：每行的单元格数必须相同。`;
      case 'open quote':
        return `第 ${problem.line} 行有一个引号没有闭合：请补上或删去它。`;
      case 'one class':
        return `“${problem.column}”列的每一行都是 ${problem.name}，而分类至少需要两个类别：请换一列来学习。`;
      case 'classes':
        return `“${problem.column}”列有 ${problem.classes} 个类别，最多支持 ${problem.most} 个：请换一列来学习。`;
      case 'number':
        return `“${problem.column}”列第 ${problem.line} 行的 ${problem.number} 太大，无法计算：请缩小该列的数值。`;
      case 'no text':
        return '这不是文本，或不是 UTF-8 编码：请将表格另存为 UTF-8 编码的 CSV。';
      case 'no header':
        return `第一行看起来是数据（${problem.name}）：请在上面加一行列名。`;
      case 'too wide':
        return `每行会变成 ${problem.columns} 个数值（每种文字各算一个），而这么多行最多支持 ${problem.most} 个：请去掉一些列。`;
      case 'not numbers':
        return `“${problem.column}”列第 ${problem.line} 行的 ${problem.cell} 不是数，而当前的损失函数用于数值：请选择交叉熵，或换一列来学习。`;
      case 'nothing to learn':
        return `“${problem.column}”列全是空的：请换一列来学习。`;
      case 'no column':
        return `表格没有名为 ${problem.column} 的列：请从现有的列（${problem.names}）中选择要学习的列。`;
      case 'after quote':
        return `第 ${problem.line} 行第 ${problem.cell} 个单元格在右引号之后还有文字：请在中间加逗号，或把文字里的引号写成两个。`;
      case 'same feature':
        return `有两个输入会同名（${problem.name}）：请重命名或去掉其中一列。`;
      case 'other':
        return `无法使用这个表格：请检查列名和各行的单元格，改好后重新放入。引擎的说明：${inEnglish(problem.problem)}`;
    }
  },
};
