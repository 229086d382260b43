/** The pages for users, and what stands in them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from '../support/world.js';

/** A page's path below the repository, and its text. */
export interface Page {
  path: string;
  text: string;
}

/** A fenced block. */
interface Fence {
  /** The page's path. */
  page: string;
  /** What stands behind the opening fence: `sh`, `yaml`, … */
  mark: string;
  lines: string[];
}

/** README.md, CONTRIBUTING.md, CHANGELOG.md and everything in docs/. */
export function readPages(): Page[] {
  const docs = readdirSync(join(repository, 'docs')).map((name) => `docs/${name}`);
  return ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...docs].map((path) => ({
    path,
    text: readFileSync(join(repository, path), 'utf8'),
  }));
}

/** @throws if there is no such page */
export function pageAt(path: string): Page {
  const page = readPages().find((each) => each.path === path);
  if (page === undefined) throw new Error(`there is no ${path}`);
  return page;
}

/** The fenced blocks of a page, in order. */
export function fencesOf({ path, text }: Page): Fence[] {
  const blocks = text.matchAll(/^```(\w*)\n(.*?)^```$/gms);
  return [...blocks].map(([, mark = '', body = '']) => ({
    page: path,
    mark,
    lines: body.trimEnd().split('\n'),
  }));
}

/** A page's text without its fenced blocks. */
export function proseOf({ text }: Page): string {
  return text.replace(/^```\w*\n.*?^```$/gms, '');
}

/** The targets of a page's links that lead to somewhere in the repository. */
export function internalLinks(page: Page): string[] {
  const links = [...proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
  return links.filter((target) => !/^[a-z]+:/.test(target));
}

/** The anchors of a page's headings, as GitHub makes them. */
export function anchorsOf(page: Page): string[] {
  const headings = [...proseOf(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading);
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );
}
