/** Patterns as a tree of their segments, so that a hook's name is compared only with patterns that can match. */

/** Finds the patterns that match a hook's name. */
export interface PatternIndex {
  /** The numbers of the matching patterns, ascending. */
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

/** A position of the search: a node, and the number of segments already matched. */
interface Position {
  node: Node;
  taken: number;
}

/** Makes an index of patterns, numbered from 0 in the given order. */
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
      let nodes: Node[] = [root];
      for (let taken = 0; nodes.length > 0; taken += 1) {
        seen.clear();
        const next: Node[] = [];
        for (const node of nodes) visit({ node, taken }, { segments, seen, found, next });
        nodes = next;
      }
      return [...found].sort((a, b) => a - b);
    },
  };
}

interface Search {
  segments: readonly string[];
  /** Nodes already visited with the present number of segments. */
  seen: Set<Node>;
  found: Set<number>;
  /** Nodes to visit with one more segment. */
  next: Node[];
}

function visit({ node, taken }: Position, search: Search): void {
  const { segments, seen, found, next } = search;
  if (seen.has(node)) return;
  seen.add(node);
  const segment = segments[taken];
  if (segment === undefined) for (const number of node.numbers) found.add(number);
  const any = node.children.get('**');
  // `**` matches no segment, or any number: the search also stays at its node.
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
