import { html, Markup, pageOf } from '../html.ts';
import { type Bilingual, both, NO_UNIT } from './bilingual.ts';
import { effectStrip } from './charts.ts';
import type { Effect, Estimate } from './claim.ts';
import { each, say } from './parts.ts';
import type { Report, Result } from './results.ts';
import { SCRIPT } from './script.ts';
import { SECTION_NAMES, SECTIONS, type Section } from './sections.ts';
import { STYLE } from './style.ts';
import { estimateText, reasonOf, VERDICT_NAMES, VERDICTS, wantedText } from './words.ts';

const TITLE = { en: 'An article, measured', zh: '实测一篇文章' };

/** The page of a run: it needs no other file, and has both languages in it. */
export function renderPage(report: Report): string {
  const { results } = report;
  const sections = SECTION_NAMES.filter((section) => results.some(({ claim }) => claim.section === section));
  const body = html`<main>
<header>
<div class="top"><p class="note">whittle-ml ${report.version}</p>${switcher}</div>
<h1>${say(TITLE)}</h1>
<p class="lead">${say({
    en: `What an introductory article on underfitting, overfitting and model compression says, claim by claim, held to what ${results.length} measurements over ${report.seeds.length} seeds give.`,
    zh: `一篇讲解欠拟合、过拟合与模型压缩的入门文章说了什么：逐条检验，共 ${results.length} 项测量，每项 ${report.seeds.length} 个随机种子。`,
  })}</p>
${report.quick ? html`<p class="note">${say({ en: 'A quick run: some of the claims, on less data.', zh: '快速模式：只含部分说法，数据较少。' })}</p>` : ''}
${tiles(results)}
<nav aria-labelledby="sections"><span class="hidden" id="sections">${say({ en: 'Sections', zh: '章节' })}</span>${sections.map(
    (section) => html`<a href="#${anchorOf(section)}">${section} ${say(SECTIONS[section])}</a>`,
  )}<a href="#rule">${say({ en: 'How it is judged', zh: '如何判定' })}</a></nav>
</header>
${sections.map((section) => sectionOf(section, results))}
${RULE}
<footer>whittle-ml ${report.version}; ${say({ en: 'seeds', zh: '种子' })} ${report.seeds[0]!}–${report.seeds.at(-1)!}; ${say(
    {
      en: 'npm run article makes this page again.',
      zh: '运行 npm run article 可重新生成本页。',
    },
  )}</footer>
</main>
<div id="tip" role="status" hidden></div><div id="ring" aria-hidden="true" hidden></div>`;
  return pageOf(TITLE.en, STYLE, body, SCRIPT);
}

const switcher = html`<div class="switch" role="group" aria-label="Language / 语言" hidden><button type="button" lang="en" aria-pressed="true">English</button><button type="button" lang="zh" aria-pressed="false">中文</button></div>`;

const anchorOf = (section: Section): string => `section-${section}`;

function tiles(results: readonly Result[]): Markup {
  const tile = VERDICT_NAMES.map((verdict) => {
    const count = results.filter((result) => result.verdict === verdict).length;
    return html`<li class="${verdict}"><strong>${count}</strong> <b>${VERDICTS[verdict].sign} ${say(VERDICTS[verdict])}</b></li>`;
  });
  return html`<ul class="tiles three">${tile}</ul>`;
}

function sectionOf(section: Section, results: readonly Result[]): Markup {
  const id = anchorOf(section);
  const own = results.filter(({ claim }) => claim.section === section);
  return html`<section aria-labelledby="${id}"><h2 id="${id}">${section} ${say(SECTIONS[section])}</h2>
${own.map(articleOf)}
</section>
`;
}

function articleOf(result: Result): Markup {
  const { claim, summary, verdict, example } = result;
  const { id, title, mistake, clock, effect, citations } = claim;
  const notes = [
    both(id),
    ...(mistake === undefined ? [] : [{ en: `mistake ${mistake}`, zh: `错误 ${mistake}` }]),
    ...(clock
      ? [{ en: 'rests on a clock: another machine may differ', zh: '取决于计时：换一台机器结果可能不同' }]
      : []),
  ];
  return html`<article class="${verdict}" id="${id}" aria-labelledby="${id}-title">
<h3 id="${id}-title">${say(title)}</h3>
<p class="note">${notes.map((note, i) => html`${i === 0 ? '' : ' · '}${say(note)}`)}</p>
<p class="ruling"><span aria-hidden="true">${VERDICTS[verdict].sign}</span> ${say(VERDICTS[verdict])}</p>
<div class="pair"><div>
<h4>${say({ en: 'The article says', zh: '文章的说法' })}</h4>
<blockquote><p>${say(claim.claim)}</p></blockquote>
<h4>${say({ en: 'Why', zh: '原因' })}</h4>
<p>${say(reasonOf(claim, verdict, summary))}</p>
<ul class="cited">${citations.map(({ text, url }) => html`<li>${url === undefined ? text : html`<a href="${url}">${text}</a>`}</li>`)}</ul>
<h4>${say({ en: 'What was compared: mean (95 % interval)', zh: '比较对象：均值（95 % 置信区间）' })}</h4>
<dl>${Object.entries(claim.arms).map(([name, arm]) => figureOf(arm, summary.figures[name]!, arm.unit ?? NO_UNIT))}</dl>
</div>
<figure><figcaption>${effectText(effect, summary.effect)}</figcaption>${each(
    (language) => new Markup((claim.charts ?? effectStrip)(claim, summary, language)),
  )}</figure></div>
${claim.example === undefined ? '' : code(claim.example.before, example)}
</article>`;
}

const figureOf = (name: Bilingual, of: Estimate, unit: Bilingual): Markup =>
  html`<dt>${say(name)}</dt><dd>${say({ en: estimateText(of, unit, 'en'), zh: estimateText(of, unit, 'zh') })}</dd>`;

function effectText(effect: Effect, of: Estimate): Markup {
  const { unit = NO_UNIT } = effect;
  const wanted = {
    en: `For the claim to hold: ${wantedText({ effect }, 'en')}.`,
    zh: `成立的条件：${wantedText({ effect }, 'zh')}。`,
  };
  const mean = {
    en: `${effect.name.en}: ${estimateText(of, unit, 'en')}`,
    zh: `${effect.name.zh}：${estimateText(of, unit, 'zh')}`,
  };
  return html`<b>${say(mean)}</b><br>${say(wanted)}`;
}

function code(before: string, after: string): Markup {
  const block = (title: Bilingual, text: string): Markup =>
    html`<h4>${say(title)}</h4><pre><code>${text.trim()}</code></pre>`;
  return html`<details><summary>${say({ en: 'The code: the article’s way, and ours', zh: '代码：文章的写法与我们的写法' })}</summary>${block(
    { en: 'In the spirit of the article (not run)', zh: '文章写法的大意（不运行）' },
    before,
  )}${block({ en: 'Ours, as it was run', zh: '我们的写法（即实际运行的代码）' }, after)}</details>`;
}

const RULE = html`<section aria-labelledby="rule"><h2 id="rule">${say({ en: 'How it is judged', zh: '如何判定' })}</h2>
<p>${say({
  en: 'Each claim has one effect, and a smallest effect with which it would matter. The effect is measured with several seeds, where there are two arms as a difference within each seed; mean and 95 % interval are Student’s. The claim holds if the whole interval is at the smallest effect or beyond, does not hold if the whole interval falls short of it, and depends if the smallest effect lies within. An interval speaks of other seeds: of other samples where a seed draws them, else of other weights and orders on the same data. In the charts a dot is a seed, and the diamond the mean with its interval.',
  zh: '每条说法对应一个效应，以及一个有意义的最小效应。效应用多个种子测量；有两组时，先在每个种子内取差。均值与 95 % 置信区间按学生 t 分布计算。若整个区间达到或超过最小效应，该说法成立；若整个区间都达不到，则不成立；若最小效应落在区间之内，则视情况而定。区间反映的是换一批种子会带来的差异：种子若用来抽取样本，就是换一批样本；否则只是在同一份数据上换一套初始权重和样本顺序。图中每个圆点代表一个种子，菱形及其线段代表均值与置信区间。',
})}</p>
</section>`;
