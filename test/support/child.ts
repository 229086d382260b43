import { type ChildProcess, spawn } from 'node:child_process';
import { build } from 'esbuild';
import { onTestFinished } from 'vitest';

/** Writes a script that may import from `src/` by absolute paths as one file that node runs. */
export async function bundle(path: string, code: string): Promise<string> {
  await build({
    stdin: { contents: code, resolveDir: process.cwd(), loader: 'ts' },
    outfile: path,
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'silent',
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
  });
  return path;
}

/** Starts a script; it does not outlive the test. */
export function startNode(script: string, args: readonly string[] = []): ChildProcess {
  const child = spawn(process.execPath, [script, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  return child;
}

/** Runs a script to its end. */
export async function runNode(
  script: string,
  args: readonly string[] = [],
): Promise<{ code: number | null; stdout: string }> {
  const child = startNode(script, args);
  let stdout = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, stdout };
}
