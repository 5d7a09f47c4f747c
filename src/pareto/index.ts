export { compress } from './compress.ts';
export { Compression } from './compression.ts';
export { memoryJournal } from './journal.ts';
export { checkRecipe, isBaseline, recipeKey, recipesIn, recipeText } from './recipes.ts';
export type {
  CompressBudget,
  CompressData,
  CompressOptions,
  CompressProgress,
  DistilStep,
  Failure,
  Journal,
  MeasuredPoint,
  MeasuredTable,
  Original,
  ParetoPoint,
  Point,
  PointFigures,
  PointScore,
  PrunedBy,
  PruneStep,
  QuantizeStep,
  Recipe,
  RecipeSpace,
  ShareStep,
  StepFormat,
  StopSignal,
  StrategyName,
  StudentStep,
  Trial,
} from './types.ts';
export { usualRecipes } from './usual.ts';
