/** Names of routines, as C has them. */
export type FunctionName =
  | 'power_of_two'
  | 'between'
  | 'exp_minus'
  | 'exp64'
  | 'expm1_64'
  | 'tanh64'
  | 'sigmoid64'
  | 'silu64'
  | 'gelu64'
  | 'gelu_tanh64'
  | 'log_ratio'
  | 'log64'
  | 'softplus64'
  | 'hard_swish64';

export type ElementwiseName =
  | 'each_relu'
  | 'each_relu6'
  | 'each_leaky_relu'
  | 'each_elu'
  | 'each_gelu'
  | 'each_gelu_tanh'
  | 'each_sigmoid'
  | 'each_tanh'
  | 'each_softplus'
  | 'each_silu'
  | 'each_hard_swish'
  | 'each_exp';

export type RowName =
  | 'sum_of'
  | 'max_of'
  | 'exp_sum_of'
  | 'softmax'
  | 'log_softmax'
  | 'reduce_max'
  | 'reduce_sum'
  | 'square_root'
  | 'standardize'
  | 'normalize'
  | 'add'
  | 'add_to_rows'
  | 'multiply_rows'
  | 'fill';

export type PoolName = 'max_pool' | 'avg_pool';

export type IntegerName =
  | 'window'
  | 'nearest'
  | 'clamped'
  | 'quantized'
  | 'scaled'
  | 'requantized_whole'
  | 'quantize'
  | 'dequantize'
  | 'quantize_rows'
  | 'look_up'
  | 'add_int8'
  | 'add_int8_whole'
  | 'add_int8_shifted'
  | 'max_pool_int8'
  | 'avg_pool_int8'
  | 'avg_pool_int8_whole';

/** Of what looks rows of a table up. */
export type TableName =
  | 'gather'
  | 'gather_int8'
  | 'gather_coded'
  | 'gather_levels'
  | 'gather_masked'
  | 'gather_float16'
  | 'gather_bfloat16';

export type RealName = FunctionName | ElementwiseName | RowName | PoolName;
export type RoutineName = RealName | IntegerName | TableName;

export type Routines<N extends RoutineName> = Readonly<Record<N, Routine>>;

/** A piece of C that others call. */
export interface Routine {
  /** What has to stand before it. */
  readonly needs?: readonly RoutineName[];
  /** Which sums follow products in it, so that a compiler could round both at once. */
  readonly isContracted?: true;
  /** Whether it computes in numbers of 64 bits. */
  readonly isDouble?: true;
  readonly text: string;
}
