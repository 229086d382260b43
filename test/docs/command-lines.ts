/** The `capnhook …` command lines that stand in a text, as words. */

/** Where a command may begin: not behind `usermod -aG`, say. */
const LAUNCH = /(?:^\s*|[$|&;*] |@reboot |-- |[/`'(])capnhook (?=[a-z-])/g;

/** The words behind `capnhook`, for each command line in the line. */
export function commandLinesIn(line: string): string[][] {
  const code = line.replace(/^\s*#.*/, '');
  return [...code.matchAll(LAUNCH)].map((match) => wordsOf(code.slice(match.index + match[0].length)));
}

/** The words of a shell's simple command, up to a pipe, a redirection, a comment or another command. */
function wordsOf(text: string): string[] {
  const words: string[] = [];
  const rest = /\s*((?:'[^']*'|"(?:\\.|[^"\\])*"|[^\s'"|;&<>()`])+)/y;
  for (;;) {
    const match = rest.exec(text);
    const word = match?.[1];
    if (word === undefined || word.startsWith('#')) return words;
    words.push(word.replaceAll(/'([^']*)'|"((?:\\.|[^"\\])*)"/g, unquoted));
  }
}

function unquoted(_: string, single: string | undefined, double: string | undefined): string {
  return single ?? (double ?? '').replaceAll(/\\(["\\$`])/g, '$1');
}
