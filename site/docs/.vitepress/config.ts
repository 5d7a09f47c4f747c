import { defineConfig } from 'vitepress';
import { GROUPS } from '../pages.mjs';

type Language = 'en' | 'zh';

/** The pages are in English in both languages; a Chinese reader's navigation leads to them. */
const sidebar = (language: Language) =>
  GROUPS.map((group) => ({
    text: group[language],
    items: group.pages.map((page) => ({ text: page[language], link: `/${page.name}` })),
  }));

/** The lab and the reference of the API lie beside the documentation, whatever the base is. */
const nav = (lab: string, guide: string, api: string, pages?: string) => [
  { text: lab, link: '/../', target: '_self' },
  { text: guide, link: pages ?? '/guide' },
  { text: api, link: '/../api/', target: '_self' },
];

export default defineConfig({
  title: 'whittle-ml',
  description: 'A tensor engine in pure TypeScript that trains small networks and makes them smaller.',
  base: '/docs/',
  // What scripts/site-docs.mjs makes of the files of the repository.
  srcDir: '../../.cache/docs',
  cacheDir: '../../.cache/vitepress',
  outDir: '../dist/docs',
  // The pages are Markdown without markup: whatever looks like a tag or an attribute in them is text.
  markdown: { html: false, attrs: { disable: true } },
  lastUpdated: false,
  head: [['link', { rel: 'icon', href: 'data:,' }]],
  locales: {
    root: {
      label: 'English',
      lang: 'en',
      themeConfig: { nav: nav('Lab', 'Guide', 'API'), sidebar: sidebar('en') },
    },
    zh: {
      label: '中文',
      lang: 'zh-CN',
      title: 'whittle-ml',
      description: '纯 TypeScript 实现的张量引擎：训练小型网络，并把它们压缩得更小。',
      themeConfig: {
        nav: nav('实验室', '文档', 'API', '/zh/pages'),
        sidebar: [{ text: '文档（英文）', link: '/zh/pages' }, ...sidebar('zh')],
        outline: { label: '本页内容' },
        docFooter: { prev: '上一页', next: '下一页' },
        darkModeSwitchLabel: '外观',
        lightModeSwitchTitle: '切换到浅色模式',
        darkModeSwitchTitle: '切换到深色模式',
        sidebarMenuLabel: '目录',
        returnToTopLabel: '返回顶部',
        langMenuLabel: '切换语言',
        notFound: {
          title: '页面不存在',
          quote: '地址有误，或页面已移走。',
          linkText: '返回首页',
          linkLabel: '返回首页',
        },
      },
    },
  },
  themeConfig: {
    // The other language has its home, and no page of the same name.
    i18nRouting: false,
    outline: [2, 3],
    search: {
      provider: 'local',
      options: {
        locales: {
          zh: {
            translations: {
              button: { buttonText: '搜索', buttonAriaLabel: '搜索文档' },
              modal: {
                noResultsText: '没有找到',
                resetButtonTitle: '清除',
                displayDetails: '显示详情',
                footer: { selectText: '选择', navigateText: '切换', closeText: '关闭' },
              },
            },
          },
        },
      },
    },
  },
});
