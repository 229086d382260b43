/** The frame of every page. */
import { type Html, html, nothing } from './html.js';

/** What a page shows. */
export interface View {
  title: string;
  main: Html;
  /** Whether it changes by itself: then its tab gets it again when it has changed. Default false. */
  isLive?: boolean;
}

/** What is the same on all pages. */
export interface Frame {
  /** The spool's directory. */
  spool: string;
  isReadOnly: boolean;
  /** The path of this page, with its query. */
  path: string;
}

const sections: ReadonlyArray<readonly [path: string, title: string, key: string]> = [
  ['/', 'Overview', 'o'],
  ['/entries', 'Deliveries', 'd'],
  ['/failures', 'Failures', 'f'],
];

/** A whole document. */
export function layout(view: View, frame: Frame): Html {
  return html`<!doctype html>
<html lang="en">
<head>
${headOf(view.title, 'page.js')}
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header class="top">
<a class="brand" href="/"><img src="/assets/icon.svg" alt="" width="28" height="28"> Cap&rsquo;n Hook</a>
<nav aria-label="Pages">${sections.map((section) => sectionLink(section, frame.path))}</nav>
<p class="place"><span class="spool" title="The spool">${frame.spool}</span>${frame.isReadOnly ? html` <span class="badge">read-only</span>` : nothing}
${view.isLive ? html`<button type="button" class="live" id="live" hidden></button>` : nothing}
<button type="button" class="quiet" id="help" aria-keyshortcuts="?" hidden>Keys</button></p>
</header>
<main id="main" tabindex="-1"${view.isLive ? html` data-live="${frame.path}"` : nothing}>
${view.main}
</main>
${keysDialog()}
</body>
</html>`;
}

function headOf(title: string, script: string): Html {
  return html`<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} &middot; capnhook</title>
<link rel="icon" href="/assets/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/assets/page.css">
<script type="module" src="/assets/${script}"></script>`;
}

function sectionLink([path, title, key]: readonly [string, string, string], current: string): Html {
  const isCurrent = path === '/' ? current === '/' : current.startsWith(path);
  return html`<a href="${path}" data-key="${key}"${isCurrent ? html` aria-current="page"` : nothing}>${title}</a>`;
}

const keys: ReadonlyArray<readonly [key: string, what: string]> = [
  ['j, k', 'next, previous row'],
  ['Enter', 'open the row'],
  ['x', 'select the row'],
  ['/', 'to the filter'],
  ['n, p', 'next, first page'],
  ['r', 'retry what is selected'],
  ['o, d, f', 'overview, deliveries, failures'],
  ['?', 'this list'],
];

function keysDialog(): Html {
  return html`<dialog id="keys" aria-labelledby="keys-title">
<h2 id="keys-title">Keys</h2>
<dl class="keys">${keys.map(([key, what]) => html`<dt><kbd>${key}</kbd></dt><dd>${what}</dd>`)}</dl>
<form method="dialog"><button>Close</button></form>
</dialog>`;
}

/** What a browser gets that has not shown the token: nothing of the spool. */
export function lockedPage(): Html {
  return html`<!doctype html>
<html lang="en">
<head>
${headOf('Token needed', 'enter.js')}
</head>
<body>
<main class="locked">
<h1>This page needs its token</h1>
<p>Open the address that <code>capnhook dashboard</code> has printed, or type its token here.</p>
<form method="post" action="/enter" id="enter">
<label for="token">Token</label>
<input id="token" name="token" type="password" autocomplete="off" required>
<button class="primary">Open</button>
</form>
</main>
</body>
</html>`;
}

/** Leads a browser that has its cookie now to the first page, as a step of this site. */
export function enteredPage(): Html {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="refresh" content="0;url=/">
<title>capnhook</title>
</head>
<body><main><p><a href="/">To the dashboard</a></p></main></body>
</html>`;
}
