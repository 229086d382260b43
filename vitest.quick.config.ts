/** The quick unit tests, for the inner loop: half a minute on two quiet cores. `npm test` runs all. */
import { availableParallelism } from 'node:os';
import { configDefaults, defineConfig } from 'vitest/config';

/** Files that take seconds: they kill, break and model whole runs, start processes, or wait. */
const slow = [
  'test/**/*-{faults,kills}.test.ts',
  'test/cli/commands/{daemon,drain}.test.ts',
  'test/delivery/http/{odd-answers,time-limit}.test.ts',
  'test/docs/tour.test.ts',
  'test/event/any-payload.test.ts',
  'test/hooks/edit/any-file.test.ts',
  'test/hooks/parse/any-text.test.ts',
  'test/library/{daemon/start-and-stop,drain/drain}.test.ts',
  'test/spool/file/{accept/grouped-inbox,lock/lock-record,model}.test.ts',
];

/** A file that replaces a module of Node, which would be there for the next file as well. */
const alone = ['test/cli/io/streams.test.ts'];

const config: ReturnType<typeof defineConfig> = defineConfig({
  test: {
    maxWorkers: availableParallelism(),
    // Each worker loads the modules once and not once a file, which halves the time.
    isolate: false,
    include: ['test/**/*.test.ts'],
    exclude: [...configDefaults.exclude, 'test/e2e/**', 'test/faults/**', ...slow, ...alone],
    testTimeout: 60_000,
  },
});

export default config;
