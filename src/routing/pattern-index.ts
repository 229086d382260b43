/** Patterns in a tree of their segments: a hook's name is compared with those that may fit, and not with all. */

/** Answers which patterns a hook's name fits. */
export interface PatternIndex {
  /** The numbers of the patterns that fit, ascending. */
  matching(hook: string): number[];
}

interface Node {
  /** By the next segment, `*` and `**` included. */
  children: Map<string, Node>;
  /** The patterns that end here. */
  numbers: number[];
  /** Whether its segment is `**`. */
  isAny: boolean;
}

/** Where a search is: at a node, with this many segments of the name taken. */
interface Place {
  node: Node;
  taken: number;
}

/** Makes an index of patterns, numbered from 0 as they are given. */
export function createPatternIndex(patterns: readonly string[]): PatternIndex {
  const root = emptyNode();
  patterns.forEach((pattern, number) => {
    nodeOf(root, pattern).numbers.push(number);
  });

  return {
    matching(hook) {
      const found = new Set<number>();
      const seen = new Set<Node>();
      const segments = hook.split('.');
      let places: Node[] = [root];
      for (let taken = 0; places.length > 0; taken += 1) {
        seen.clear();
        const next: Node[] = [];
        for (const node of places) visit({ node, taken }, { segments, seen, found, next });
        places = next;
      }
      return [...found].sort((a, b) => a - b);
    },
  };
}

interface Search {
  segments: readonly string[];
  /** Nodes that were visited with this many segments taken. */
  seen: Set<Node>;
  found: Set<number>;
  /** Nodes to visit with one segment more. */
  next: Node[];
}

function visit({ node, taken }: Place, search: Search): void {
  const { segments, seen, found, next } = search;
  if (seen.has(node)) return;
  seen.add(node);
  const segment = segments[taken];
  if (segment === undefined) for (const number of node.numbers) found.add(number);
  const any = node.children.get('**');
  // It may take no segment, and each one more: it stays where it is.
  if (any !== undefined) visit({ node: any, taken }, search);
  if (segment === undefined) return;
  if (node.isAny) next.push(node);
  for (const child of [node.children.get(segment), node.children.get('*')])
    if (child !== undefined) next.push(child);
}

function nodeOf(root: Node, pattern: string): Node {
  let node = root;
  for (const segment of pattern.split('.')) {
    let child = node.children.get(segment);
    if (child === undefined) {
      child = emptyNode(segment === '**');
      node.children.set(segment, child);
    }
    node = child;
  }
  return node;
}

function emptyNode(isAny = false): Node {
  return { children: new Map(), numbers: [], isAny };
}
