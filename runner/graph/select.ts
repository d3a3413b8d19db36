// dbt's selection grammar over the graph: `+model`, `tag:x`, `path:models/gold`, unions, intersections.

import { nearestName, UserError } from '../../core/errors.ts';
import type { Manifest, Node, NodeId } from '../compile/types.ts';
import { globToRegExp } from './glob.ts';
import type { Graph } from './types.ts';

/** What the command line chooses; an empty `select` means everything. */
export interface Selection {
  readonly select: readonly string[];
  readonly exclude: readonly string[];
}

/** What a criterion that matches nothing is told to. */
export interface Selected {
  readonly nodes: ReadonlySet<NodeId>;
  /** Criteria that matched no node, as written, with the nearest name where there is one. */
  readonly unmatched: readonly {
    readonly criterion: string;
    readonly nearest: string | undefined;
  }[];
}

/**
 * Evaluates a selection. Tests come along with any selected parent, as under dbt's `eager` mode.
 * @throws {UserError} for a criterion that the grammar does not have.
 */
export function selectNodes(manifest: Manifest, graph: Graph, selection: Selection): Selected {
  const unmatched: { criterion: string; nearest: string | undefined }[] = [];
  const union = (criteria: readonly string[]): Set<NodeId> => {
    const found = new Set<NodeId>();
    for (const criterion of criteria.flatMap((text) => text.split(/\s+/)).filter(Boolean)) {
      const matches = evaluateIntersection(manifest, graph, criterion);
      if (matches.size === 0) {
        unmatched.push({ criterion, nearest: nearestNode(manifest, criterion) });
      }
      for (const id of matches) found.add(id);
    }
    return found;
  };
  const chosen =
    selection.select.length === 0 ? new Set(manifest.nodes.keys()) : union(selection.select);
  const excluded = union(selection.exclude);
  return { nodes: new Set([...chosen].filter((id) => !excluded.has(id))), unmatched };
}

function evaluateIntersection(manifest: Manifest, graph: Graph, text: string): ReadonlySet<NodeId> {
  const sets = text.split(',').map((part) => {
    if (part === '') {
      throw new UserError(`\`${text}\` has an empty part between commas`, {
        where: '--select',
        hint: 'a comma joins two criteria that must both hold, without spaces',
      });
    }
    return withTests(manifest, graph, evaluateCriterion(manifest, graph, parseCriterion(part)));
  });
  const [first = new Set<NodeId>(), ...others] = sets;
  return new Set([...first].filter((id) => others.every((set) => set.has(id))));
}

interface Criterion {
  readonly text: string;
  readonly method: string;
  readonly argument: string | undefined;
  readonly value: string;
  /** Generations above and below; Infinity for all. */
  readonly parents: number;
  readonly children: number;
  /** `@`: descendants and all that those need. */
  readonly childrensParents: boolean;
}

const grammar =
  /^(?<at>@)?(?:(?<parents>\d*)(?<up>\+))?(?:(?<method>[a-z_]+)(?:\.(?<argument>[^:]+))?:)?(?<value>.*?)(?:(?<down>\+)(?<children>\d*))?$/;

function parseCriterion(text: string): Criterion {
  const groups = grammar.exec(text)?.groups;
  const value = groups?.['value'] ?? '';
  if (groups === undefined || value === '') {
    throw new UserError(`\`${text}\` is not a selection`, {
      where: '--select',
      hint: 'write a name, `path:…`, `tag:…`, with `+` before or after for parents or children',
    });
  }
  if (groups['at'] && groups['down']) {
    throw new UserError(`\`${text}\`: \`@\` takes all children already`, {
      where: '--select',
      hint: `write \`${text.slice(0, -1)}\``,
    });
  }
  const depth = (sign: string | undefined, digits: string | undefined): number => {
    if (!sign) return 0;
    return digits ? Number(digits) : Number.POSITIVE_INFINITY;
  };
  return {
    text,
    method: groups['method'] ?? implicitMethod(value),
    argument: groups['argument'],
    value,
    parents: depth(groups['up'], groups['parents']),
    children: depth(groups['down'], groups['children']),
    childrensParents: groups['at'] !== undefined,
  };
}

function implicitMethod(value: string): string {
  if (value.includes('/')) return 'path';
  return /\.(sql|csv|ya?ml)$/.test(value) ? 'file' : 'fqn';
}

function evaluateCriterion(manifest: Manifest, graph: Graph, criterion: Criterion): Set<NodeId> {
  const matcher = matchers[criterion.method];
  if (!matcher) {
    const nearest = nearestName(criterion.method, Object.keys(matchers));
    throw new UserError(`\`${criterion.method}:\` is not a selection method`, {
      where: '--select',
      hint: nearest
        ? `did you mean \`${nearest}:\`?`
        : `the methods are ${Object.keys(matchers).join(', ')}`,
    });
  }
  const matches = matcher(criterion.value, criterion.argument);
  const found = new Set([...manifest.nodes.values()].filter(matches).map((node) => node.uniqueId));
  const start = [...found];
  for (const id of reach(start, graph.parents, criterion.parents)) found.add(id);
  for (const id of reach(start, graph.children, criterion.children)) found.add(id);
  if (criterion.childrensParents) {
    const below = reach(start, graph.children, Number.POSITIVE_INFINITY);
    for (const id of below) found.add(id);
    for (const id of reach([...found], graph.parents, Number.POSITIVE_INFINITY)) found.add(id);
  }
  return found;
}

type Matcher = (value: string, argument: string | undefined) => (node: Node) => boolean;

const matchers: Readonly<Record<string, Matcher>> = {
  fqn: (value) => matchFqn(value),
  path: (value) => {
    const glob = globToRegExp(value.replace(/^\.\//, '').replace(/\/$/, ''));
    return (node) =>
      glob.test(node.path) || folderPrefixes(node.path).some((path) => glob.test(path));
  },
  file: (value) => {
    const glob = globToRegExp(value);
    return (node) => {
      const file = node.path.split('/').at(-1) ?? node.path;
      return glob.test(file) || glob.test(file.replace(/\.[^.]+$/, ''));
    };
  },
  tag: (value) => {
    const glob = globToRegExp(value);
    return (node) => node.tags.some((tag) => glob.test(tag));
  },
  package: (value) => {
    const glob = globToRegExp(value);
    return (node) => glob.test(node.packageName);
  },
  resource_type: (value) => (node) => node.kind.replace('-', '_') === value,
  test_type: (value) => (node) =>
    node.kind === 'unit-test'
      ? value === 'unit'
      : node.kind === 'test' && (node.testKind === value || value === 'data'),
  test_name: (value) => {
    const glob = globToRegExp(value);
    return (node) => node.kind === 'test' && glob.test(node.testName ?? '');
  },
  source: (value) => {
    const [name = '*', table = '*'] = value.split('.');
    const globs = [globToRegExp(name), globToRegExp(table)] as const;
    return (node) =>
      node.kind === 'source' && globs[0].test(node.sourceName) && globs[1].test(node.name);
  },
  config: (value, argument) => (node) =>
    argument === 'materialized' && node.kind === 'model' && node.materialized === value,
};

/** A name, or a dotted prefix of package and folders; sources are chosen by `source:` alone. */
function matchFqn(value: string): (node: Node) => boolean {
  const parts = value.split('.').map(globToRegExp);
  const whole = globToRegExp(value);
  const isPrefix = (fqn: readonly string[]): boolean =>
    parts.length <= fqn.length && parts.every((part, index) => part.test(fqn[index] ?? ''));
  return (node) => {
    if (node.kind === 'source') return false;
    if (whole.test(node.name)) return true;
    return isPrefix(node.fqn) || isPrefix(node.fqn.slice(1));
  };
}

/** Every test of a selected node comes along. */
function withTests(manifest: Manifest, graph: Graph, ids: Set<NodeId>): Set<NodeId> {
  const found = new Set(ids);
  for (const id of ids) {
    for (const child of graph.children.get(id) ?? []) {
      const kind = manifest.nodes.get(child)?.kind;
      if (kind === 'test' || kind === 'unit-test') found.add(child);
    }
  }
  return found;
}

function reach(
  start: readonly NodeId[],
  edges: ReadonlyMap<NodeId, readonly NodeId[]>,
  depth: number,
): Set<NodeId> {
  const found = new Set<NodeId>();
  let frontier: readonly NodeId[] = start;
  for (let level = 0; level < depth && frontier.length > 0; level += 1) {
    const next = frontier.flatMap((id) => edges.get(id) ?? []).filter((id) => !found.has(id));
    for (const id of next) found.add(id);
    frontier = [...new Set(next)];
  }
  return found;
}

function folderPrefixes(path: string): string[] {
  const parts = path.split('/');
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('/'));
}

function nearestNode(manifest: Manifest, criterion: string): string | undefined {
  const bare = criterion.replace(/^[@\d+]+|\+\d*$/g, '').replace(/^.*:/, '');
  const names = [...manifest.nodes.values()]
    .filter((node) => node.kind !== 'test')
    .map((node) => node.name);
  return nearestName(bare, names);
}
