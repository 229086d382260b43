import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

const config: ReturnType<typeof defineConfig> = defineConfig({
  test: {
    // Time-outs end what hangs, and nothing else: a machine that is busy takes several times as long.
    // What most tests spend is the time of processes that they start one after the other, and wait for.
    maxWorkers: Math.ceil(availableParallelism() * 1.5),
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      // These run only in processes of their own, which the end-to-end and the fault tests start: the command's streams,
      // sending without WebAssembly, looking names up by a child, asking how many threads can be had, `run` and what it
      // passes on, the dashboard's command and a daemon's metrics; and what runs in a browser.
      exclude: [
        'src/cli/commands/{dashboard,run}.ts',
        'src/cli/entry-*.ts',
        'src/command/{copy-output,inherited-descriptors,pass-through,passed-signals,pipes}.ts',
        'src/library/drain/drain-metrics.ts',
        'src/library/run.ts',
        'src/page/client/**',
        'src/cli/io/process-io.ts',
        'src/cli/io/thread-pool.ts',
        'src/delivery/http/plain-connection.ts',
        'src/delivery/connect/system-lookup.ts',
      ],
      reporter: ['text-summary', 'json'],
      thresholds: { lines: 95 },
    },
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/e2e/**', 'test/faults/**'],
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          globalSetup: ['test/e2e/build-first.ts'],
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'faults',
          include: ['test/faults/**/*.test.ts'],
          globalSetup: ['test/e2e/build-first.ts'],
          testTimeout: process.env.CAPNHOOK_FAULTS === 'long' ? 3_600_000 : 240_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});

export default config;
