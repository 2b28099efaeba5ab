/** See heap.js, which an old Node can run. */
export declare const HEAP_MB: number
