/**
 * Preload for test processes: a warning that points at a defect of ours fails the test that caused it.
 *
 * A listener leak, a timer set to a nonsense delay or a deprecated call does not fail a test by itself; it
 * prints a line that nobody reads. Here it becomes an uncaught exception, which node:test reports as a failure
 * of the running file. Deprecated calls made by installed packages are not ours to mend and stay warnings.
 *
 * Not here: experimental-feature warnings. They say something about Node, not about this project.
 */
import { isDefectWarning } from './lib/warnings.ts'

process.on('warning', (warning) => {
  if (isDefectWarning(warning)) throw warning
})
