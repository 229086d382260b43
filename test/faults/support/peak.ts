/** How much memory a node process has held at most: it writes that down itself when it ends. */
import { readFileSync } from 'node:fs';
import type { World } from '../../support/world.js';

export interface Peak {
  /** For the environment of the one process to be measured. */
  env: Record<string, string>;
  /** The resident set, in MiB, once the process has ended. */
  mebibytes(): number;
}

/** Prepares for one process. */
export function peakOf(world: World): Peak {
  const result = `${world.root}/peak`;
  const script = world.file(
    'tell-peak.cjs',
    `process.on('exit', () => require('fs').writeFileSync(${JSON.stringify(result)}, String(process.resourceUsage().maxRSS)));`,
  );
  return {
    env: { NODE_OPTIONS: `--require ${script}` },
    mebibytes: () => Number(readFileSync(result, 'utf8')) / 1024,
  };
}
