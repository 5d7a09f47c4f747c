/** What is wrong with a table, as data. */
export type TableProblem =
  | { readonly what: 'column alone' }
  | { readonly what: 'no rows' }
  | { readonly what: 'cells'; readonly line: string; readonly cells: string; readonly wanted: string }
  | { readonly what: 'open quote'; readonly line: string }
  | { readonly what: 'one class'; readonly column: string; readonly name: string }
  | { readonly what: 'classes'; readonly column: string; readonly classes: string; readonly most: string }
  | { readonly what: 'number'; readonly column: string; readonly number: string; readonly line: string }
  | { readonly what: 'no text' }
  | { readonly what: 'no header'; readonly name: string }
  | { readonly what: 'not numbers'; readonly column: string; readonly cell: string; readonly line: string }
  | { readonly what: 'nothing to learn'; readonly column: string }
  | { readonly what: 'no column'; readonly column: string; readonly names: string }
  | { readonly what: 'after quote'; readonly line: string; readonly cell: string }
  | { readonly what: 'same feature'; readonly name: string }
  /** Of what the network would be given. */
  | { readonly what: 'too wide'; readonly columns: string; readonly most: string }
  /** One that is met seldom: the library's sentence. */
  | { readonly what: 'other'; readonly problem: string };

/** A table that cannot be learned from. */
export interface TableReason {
  readonly kind: 'bad table';
  readonly problem: TableProblem;
}
