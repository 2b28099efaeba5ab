/**
 * Most that V8's heap may grow to, in MB. Compass holds 80 MB of live data. V8 lets garbage grow to a multiple of that before
 * it collects all of it: four times where the limit is the default of a large machine, which is gigabytes; 1.6 times under
 * this one. A store in the process (PGlite) is WebAssembly memory and does not count.
 */
export const HEAP_MB = 1024
