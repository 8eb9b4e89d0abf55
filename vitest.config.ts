import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['dist/**', '**/node_modules/**'],
    testTimeout: 20_000,
    hookTimeout: 60_000,
    // By default two cores run one file at a time, and most of the long ones wait.
    maxWorkers: 2,
  },
});
