import type { Text } from '../text.ts';

export const article: Text['article'] = {
  title: '文章',
};
