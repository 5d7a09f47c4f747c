import { inEnglish } from '../foreign.ts';
import type { Text } from '../text.ts';

export const article: Text['article'] = {
  title: '文章',
  lead: (claims) =>
    `一篇讲解欠拟合、过拟合与模型压缩的入门文章说了什么，用测量逐条检验：共 ${claims} 条说法。每条用五个随机种子测量；只有效应的整个 95 % 置信区间都大到有意义，才算成立。`,
  recorded: (version) =>
    `结论由 whittle-ml ${version} 以快速模式（数据较少）预先测得。点击“在此运行”可在本浏览器中重新测量：种子相同，数值也相同。`,
  notRecorded: '此版本的页面未包含预先测得的结果。点击“在此运行”可在本浏览器中测量。',
  loading: '正在读取各条说法……',
  lost: (why) =>
    why === 'worker'
      ? '无法显示各条说法：读取它们的脚本未能加载。请检查网络连接，然后重试。'
      : `无法显示各条说法：读取它们的脚本中断了（${inEnglish(why)}）。请重试，或重新载入页面。`,
  tryAgain: '重试',
  all: '全部',
  verdicts: { holds: '成立', fails: '不成立', depends: '视情况而定' },
  notMeasured: '未测量',
  filter: '按结论筛选',
  parts: { I: '第一部分：欠拟合与过拟合', II: '第二部分：模型压缩' },
  section: (number, name) => `${number} ${name}`,
  says: '文章的说法',
  why: '原因',
  effect: (what, found) => `${what}：${found}`,
  needed: (wanted) => `成立的条件：${wanted}。`,
  recordedHere: '预先测得',
  measuredHere: '本浏览器测得',
  compared: '比较对象：均值（95 % 置信区间）',
  figure: '指标',
  sources: '参考文献',
  code: '代码：文章的写法与我们的写法',
  before: '文章写法的大意（不运行）',
  after: '我们的写法（即实际运行的代码）',
  clock: '结论取决于实测时间：换一台机器结果可能不同。',
  onlyFull: '不属于快速模式，因此没有预先测得的结果。',
  run: '在此运行',
  runOf: (title) => `在此运行：${title}`,
  again: '再次运行',
  stop: '停止',
  runShown: (count) => `在此运行这 ${count} 条`,
  waiting: '等待中',
  running: (done, of) => `种子 ${done + 1} / ${of}……`,
  took: (seconds) => `测量用时 ${seconds} 秒。`,
  same: (of) => `全部 ${of} 个数值与预先测得的逐位相同。`,
  differs: (differing, of) =>
    `${of} 个数值中有 ${differing} 个与预先测得的不同：计时必然不同，其余差异来自浏览器自身的指数与对数函数。`,
  failed: (message) =>
    message === 'worker'
      ? '测量失败：负责测量的脚本未能加载。请检查网络连接，然后再次运行。'
      : `测量失败：${inEnglish(message)}。请再次运行；若仍失败，请重新载入页面。`,
  point: '将指针移到图上，或用方向键逐点浏览，可读出数值。',
  docs: '文档',
  api: 'API 参考',
};
