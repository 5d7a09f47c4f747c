export function findChromium(): string | null;
export function adviceOnChromium(): string;
export const QUIET_FLAGS: string[];
export const SOFTWARE_GPU_FLAGS: string[];
export const HARDWARE_GPU_FLAGS: string[];
export function softwareVulkan(): Record<'VK_ICD_FILENAMES' | 'LD_LIBRARY_PATH', string> | null;
