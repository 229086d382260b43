/** Debian's chromium, driven by playwright-core. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';
import { onTestFinished } from 'vitest';

const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** Finds chromium; root installs it where it is missing. @returns its path, or why there is none */
export function findChromium(): { path: string } | { missing: string } {
  const path = places.find((each) => existsSync(each));
  if (path !== undefined) return { path };
  if (process.getuid?.() !== 0) return { missing: 'chromium is not here, and only root can install it' };
  try {
    spawnSync('apt-get', ['-qq', 'update'], { stdio: 'ignore' });
    const packages = ['chromium', 'fonts-dejavu-core'];
    execFileSync('apt-get', ['-qq', '-y', '--no-install-recommends', 'install', ...packages], {
      stdio: 'pipe',
    });
    return { path: '/usr/bin/chromium' };
  } catch (error) {
    return { missing: `chromium is not here, and cannot be installed: ${(error as Error).message}` };
  }
}

/** Starts a browser that ends with the running test. */
export async function startBrowser(path: string): Promise<Browser> {
  // As root it has no sandbox; what it shows here is ours.
  const browser = await chromium.launch({ executablePath: path, args: ['--no-sandbox'] });
  onTestFinished(() => browser.close());
  return browser;
}
