/** For tests and benches that put a store into a state of their own. */
export { openDatabase } from '../store/open.ts'
