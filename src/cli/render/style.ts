/** Colours, for a terminal. The only importer of chalk. */
export interface Style {
  good(text: string): string;
  bad(text: string): string;
  faint(text: string): string;
}

const plain: Style = { good: (text) => text, bad: (text) => text, faint: (text) => text };

/** Makes a style; loads chalk only if colours are wanted. */
export async function createStyle(color: boolean): Promise<Style> {
  if (!color) return plain;
  const { Chalk } = await import('chalk');
  const chalk = new Chalk({ level: 1 });
  return { good: chalk.green, bad: chalk.red, faint: chalk.dim };
}
