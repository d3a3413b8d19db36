// A selection over the graph: criteria, their relatives, unions and intersections, and the tests that come along.

import { nearestName, UserError } from '../../core/errors.ts';
import type { NodeId } from '../compile/types.ts';
import { globToRegExp } from './glob.ts';
import type { MatchMethod } from './method-names.ts';
import { type Matches, matcherOf } from './methods.ts';
import { parseUnion } from './parse-criteria.ts';
import type {
  Criterion,
  CriterionSet,
  IndirectMode,
  NamedSelector,
  Selectable,
  SelectionProject,
  SelectionSpec,
} from './types.ts';

/** What the command line chooses. */
export interface Selection {
  /** Empty for everything, or for the default selector where there is one. */
  readonly select: readonly string[];
  readonly exclude: readonly string[];
  /** Name of a selection of selectors.yml, in place of the two above. */
  readonly selector?: string | undefined;
  /** `eager` where absent. */
  readonly indirect?: IndirectMode | undefined;
}

/** What a selection found. */
export interface Selected {
  readonly nodes: ReadonlySet<NodeId>;
  /** Criteria that matched no node, as written, with the nearest name where there is one. */
  readonly unmatched: readonly {
    readonly criterion: string;
    readonly nearest: string | undefined;
  }[];
}

/** As in dbt: everything that is not an operation. */
const everything = ['fqn:*', 'source:*', 'exposure:*', 'metric:*', 'semantic_model:*'];

/**
 * Evaluates a selection.
 * @throws {UserError} for a criterion that the grammar does not have, and for selectors in a circle.
 */
export function selectNodes(project: SelectionProject, selection: Selection): Selected {
  const spec = specOf(project, selection);
  const evaluation: Evaluation = { project, unmatched: [], open: [] };
  const { direct } = evaluate(evaluation, spec);
  return {
    nodes: direct,
    unmatched: evaluation.unmatched.map((criterion) => ({
      criterion,
      nearest: nearestNode(project, criterion),
    })),
  };
}

/**
 * Returns the nodes of one criterion alone, without relatives and without the tests that come along.
 * @throws {UserError} as `selectNodes` does.
 */
export function matchCriterion(
  project: SelectionProject,
  criterion: Criterion,
): ReadonlySet<NodeId> {
  return matchesOf({ project, unmatched: [], open: [] }, criterion);
}

function specOf(project: SelectionProject, selection: Selection): SelectionSpec {
  const { select, exclude, selector, indirect = 'eager' } = selection;
  if (selector !== undefined) {
    if (select.length > 0 || exclude.length > 0) {
      throw new UserError('--selector stands for --select and --exclude', {
        where: '--selector',
        hint: `to add to it, write --select selector:${selector}`,
      });
    }
    const [found] = findSelectors(project.selectors, selector, '--selector');
    if (found !== undefined) return found.spec;
  }
  if (select.length === 0 && exclude.length === 0) {
    const chosen = [...project.selectors.values()].find((one) => one.isDefault);
    if (chosen !== undefined) return chosen.spec;
  }
  const included = parseUnion(select.length === 0 ? everything : select, indirect, '--select');
  const excluded = parseUnion(exclude, indirect, '--exclude');
  return {
    kind: 'difference',
    indirect: 'eager',
    parts: [select.length === 0 ? silent(included) : included, excluded],
  };
}

/** A project need not have sources or exposures. */
function silent(set: CriterionSet): CriterionSet {
  const parts = set.parts.map((part) => ({ ...part, toldAs: undefined }));
  return { ...set, parts };
}

interface Evaluation {
  readonly project: SelectionProject;
  readonly unmatched: string[];
  /** Selectors being evaluated, one inside the other. */
  readonly open: readonly string[];
}

interface Found {
  readonly direct: ReadonlySet<NodeId>;
  /** Tests left out for a parent that is missing, which another part may bring; with `direct`. */
  readonly possible: ReadonlySet<NodeId>;
}

function evaluate(evaluation: Evaluation, spec: SelectionSpec): Found {
  if (spec.kind === 'criterion') return evaluateCriterion(evaluation, spec);
  const parts = spec.parts.map((part) => evaluate(evaluation, part));
  const direct = combine(
    spec.kind,
    parts.map((part) => part.direct),
  );
  const possible = combine(
    spec.kind,
    parts.map((part) => part.possible),
  );
  const found = withReturning(evaluation.project, spec.indirect, direct, possible);
  if (spec.toldAs !== undefined && found.size === 0) evaluation.unmatched.push(spec.toldAs);
  return { direct: found, possible: new Set([...found, ...possible]) };
}

function combine(
  kind: CriterionSet['kind'],
  sets: readonly ReadonlySet<NodeId>[],
): ReadonlySet<NodeId> {
  const [first = new Set<NodeId>(), ...others] = sets;
  switch (kind) {
    case 'union':
      return new Set([first, ...others].flatMap((set) => [...set]));
    case 'intersection':
      return new Set([...first].filter((id) => others.every((set) => set.has(id))));
    case 'difference':
      return new Set([...first].filter((id) => !others.some((set) => set.has(id))));
  }
}

/** Tests whose parents the parts have brought together. */
function withReturning(
  project: SelectionProject,
  indirect: IndirectMode,
  direct: ReadonlySet<NodeId>,
  possible: ReadonlySet<NodeId>,
): ReadonlySet<NodeId> {
  if (indirect !== 'cautious' && indirect !== 'buildable') return direct;
  const there =
    indirect === 'cautious' ? direct : new Set([...direct, ...ancestors(project, direct)]);
  const returning = [...possible].filter((id) => {
    const node = project.nodes.get(id);
    return (
      node !== undefined && isTest(node) && node.dependsOn.every((parent) => there.has(parent))
    );
  });
  return new Set([...direct, ...returning]);
}

function evaluateCriterion(evaluation: Evaluation, criterion: Criterion): Found {
  const { project } = evaluation;
  const { parents, children } = project.edges;
  const matches = matchesOf(evaluation, criterion);
  const start = [...matches];
  const found = new Set(matches);
  const add = (ids: Iterable<NodeId>): void => {
    for (const id of ids) found.add(id);
  };
  if (criterion.childrensParents) {
    const below = [...reach(start, children, Number.POSITIVE_INFINITY)];
    add(below);
    add(reach([...start, ...below], parents, Number.POSITIVE_INFINITY));
  }
  add(reach(start, parents, criterion.parents));
  add(reach(start, children, criterion.children));
  return withTests(project, found, criterion.indirect);
}

function matchesOf(evaluation: Evaluation, criterion: Criterion): ReadonlySet<NodeId> {
  const { project } = evaluation;
  if (criterion.method === 'selector') return ofSelectors(evaluation, criterion);
  // as: parsing has checked the method, and the last line has taken `selector` away
  const matches: Matches = matcherOf(criterion.method as MatchMethod, criterion, project);
  return new Set([...project.nodes.values()].filter(matches).map((node) => node.uniqueId));
}

/** `selector:name`: the nodes of selections of selectors.yml, by name or pattern. */
function ofSelectors(evaluation: Evaluation, criterion: Criterion): ReadonlySet<NodeId> {
  const { project, open } = evaluation;
  const pattern = String(criterion.value);
  const found = new Set<NodeId>();
  for (const { name, spec } of findSelectors(project.selectors, pattern, '--select')) {
    if (open.includes(name)) throw circleFault(project.selectors, [...open, name]);
    const { direct } = evaluate({ ...evaluation, open: [...open, name] }, spec);
    for (const id of direct) found.add(id);
  }
  return found;
}

function findSelectors(
  selectors: ReadonlyMap<string, NamedSelector>,
  pattern: string,
  where: string,
): readonly NamedSelector[] {
  const glob = globToRegExp(pattern);
  const found = [...selectors.values()].filter(({ name }) => name === pattern || glob.test(name));
  if (found.length > 0) return found;
  const names = [...selectors.keys()];
  const nearest = nearestName(pattern, names);
  throw new UserError(`there is no selector \`${pattern}\``, {
    where,
    hint:
      names.length === 0
        ? 'define it in selectors.yml, beside dbt_project.yml'
        : nearest
          ? `did you mean \`${nearest}\`?`
          : `there are ${names.join(', ')}`,
  });
}

function circleFault(
  selectors: ReadonlyMap<string, NamedSelector>,
  open: readonly string[],
): UserError {
  const last = open.at(-1) ?? '';
  const circle = open.slice(open.indexOf(last));
  return new UserError(`selectors name each other in a circle: ${circle.join(' -> ')}`, {
    where: selectors.get(last)?.place,
    hint: 'take one of these `selector:` criteria away',
  });
}

/** The tests that come along with what is selected. */
function withTests(
  project: SelectionProject,
  selected: ReadonlySet<NodeId>,
  indirect: IndirectMode,
): Found {
  if (indirect === 'empty') return { direct: selected, possible: selected };
  const direct = new Set(selected);
  const possible = new Set(selected);
  const there = indirect === 'buildable' ? buildable(project, selected) : selected;
  for (const id of selected) {
    for (const child of project.edges.children.get(id) ?? []) {
      const node = project.nodes.get(child);
      if (node === undefined || !isTest(node)) continue;
      possible.add(child);
      const comes = indirect === 'eager' || node.dependsOn.every((parent) => there.has(parent));
      if (comes) direct.add(child);
    }
  }
  return { direct, possible };
}

/** What a run of the selection can count on: it, all above it, and every source. */
function buildable(project: SelectionProject, selected: ReadonlySet<NodeId>): ReadonlySet<NodeId> {
  const sources = [...project.nodes.values()].filter((node) => node.resourceType === 'source');
  return new Set([
    ...selected,
    ...ancestors(project, selected),
    ...sources.map((node) => node.uniqueId),
  ]);
}

function ancestors({ edges }: SelectionProject, ids: ReadonlySet<NodeId>): ReadonlySet<NodeId> {
  return reach([...ids], edges.parents, Number.POSITIVE_INFINITY);
}

function isTest({ resourceType }: Selectable): boolean {
  return resourceType === 'test' || resourceType === 'unit_test';
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

function nearestNode(project: SelectionProject, criterion: string): string | undefined {
  const bare = criterion.replace(/^[@\d+]+|\+\d*$/g, '').replace(/^.*:/, '');
  const names = [...project.nodes.values()]
    .filter((node) => !isTest(node))
    .map((node) => node.name);
  return nearestName(bare, names);
}
