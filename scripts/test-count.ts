import { existsSync, readFileSync } from 'node:fs'

/** Prints `N passed, N failed` of vitest's report and the number of rings that failed; exits 1 if anything did. */
const [directory, failedRings] = process.argv.slice(2)
const file = `${directory}/vitest.json`
const report = existsSync(file)
  ? (JSON.parse(readFileSync(file, 'utf8')) as { numPassedTests: number; numFailedTests: number })
  : { numPassedTests: 0, numFailedTests: 1 }
process.stdout.write(`${report.numPassedTests} passed, ${report.numFailedTests} failed\n`)
if (failedRings !== '0') process.stdout.write(`rings failed: ${failedRings}\n`)
process.exitCode = report.numFailedTests > 0 || failedRings !== '0' ? 1 : 0
