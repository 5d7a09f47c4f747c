/** Why no smaller network is made, written, read or asked, as data. */
export type CompressReason =
  | { readonly kind: 'rounding of many bits'; readonly bits: number }
  | { readonly kind: 'no hidden layer'; readonly of: 'neurons' | 'student' }
  | { readonly kind: 'answers not finite' }
  | { readonly kind: 'nothing trained' }
  | { readonly kind: 'nothing compressed' }
  | { readonly kind: 'no such format'; readonly format: string; readonly formats: readonly string[] }
  /** `problem` is the library's sentence. */
  | { readonly kind: 'not writable'; readonly label: string; readonly problem: string }
  | { readonly kind: 'not compressed'; readonly problem: string }
  | { readonly kind: 'file empty'; readonly name: string }
  | { readonly kind: 'file too large'; readonly name: string; readonly megabytes: number; readonly most: number }
  | { readonly kind: 'no network'; readonly name: string }
  /** A file that is known and not read: what it is and what to do are the library's words. */
  | { readonly kind: 'other file'; readonly name: string; readonly title: string; readonly remedy: string }
  | { readonly kind: 'types of a module'; readonly name: string }
  | { readonly kind: 'C'; readonly name: string }
  | { readonly kind: 'nothing carried'; readonly name: string }
  | { readonly kind: 'module changed'; readonly name: string }
  | { readonly kind: 'file broken'; readonly name: string; readonly problem: string }
  | { readonly kind: 'file cut'; readonly name: string; readonly wanted: number; readonly given: number }
  | { readonly kind: 'file types'; readonly name: string; readonly tensor: string; readonly types: string }
  | { readonly kind: 'no drawing' }
  | { readonly kind: 'no digits'; readonly status: number };
