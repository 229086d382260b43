/** How much memory a node process has held at most, and how long it has computed: it writes that down itself when it ends. */
import { readFileSync } from 'node:fs';
import type { World } from '../../support/world.js';

export interface Peak {
  /** For the environment of the one process to be measured. */
  env: Record<string, string>;
  /** The resident set, in MiB, once the process has ended. */
  mebibytes(): number;
  /** The processor time, in ms, of all its threads: another program that computes beside it takes none of that. */
  cpuMs(): number;
}

/** Prepares for one process. */
export function peakOf(world: World): Peak {
  const result = `${world.root}/peak`;
  const script = world.file(
    'tell-peak.cjs',
    `process.on('exit', () => require('fs').writeFileSync(${JSON.stringify(result)}, JSON.stringify(process.resourceUsage())));`,
  );
  const usage = (): NodeJS.ResourceUsage => JSON.parse(readFileSync(result, 'utf8'));
  return {
    env: { NODE_OPTIONS: `--require ${script}` },
    mebibytes: () => usage().maxRSS / 1024,
    cpuMs: () => (usage().userCPUTime + usage().systemCPUTime) / 1000,
  };
}
