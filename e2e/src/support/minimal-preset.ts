/** Imported before a devnet: a beacon chain of the minimal preset, whose periods are short enough to be waited for. */
process.env.LODESTAR_PRESET = 'minimal'
