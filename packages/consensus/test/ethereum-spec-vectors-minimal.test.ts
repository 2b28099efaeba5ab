// @lodestar/params reads the preset once, when it is loaded.
process.env.LODESTAR_PRESET = 'minimal'
const { specVectors } = await import('./ethereum-spec-suite.ts')
specVectors()
