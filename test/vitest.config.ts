import { defineConfig } from 'vitest/config'

const ring = (name: string, include: string[], timeoutMs: number) => ({
  test: { name, include, testTimeout: timeoutMs, hookTimeout: timeoutMs },
})

export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      ring('unit', ['test/unit/**/*.test.ts'], 20_000),
      ring('api', ['test/api/**/*.test.ts'], 20_000),
      ring('system', ['test/system/**/*.test.ts', 'test/faults/**/*.test.ts'], 60_000),
    ],
  },
})
