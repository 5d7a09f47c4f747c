export function entrySources(manifest: { readonly exports: Readonly<Record<string, unknown>> }): string[];
export function buildApi(out: string): Promise<void>;
