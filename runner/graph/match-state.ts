// `state:` and `source_status:`: the project as it is beside what an earlier run left of it.

import { nearestName, UserError } from '../../core/errors.ts';
import type {
  Criterion,
  Selectable,
  SelectionProject,
  StateDescriptions,
  StateManifest,
  StateNode,
} from './types.ts';

type Old = StateNode | undefined;
type IsMeant = (now: StateNode, old: Old) => boolean;

/** Makes the test of `state:`. @throws {UserError} without --state, or for a state that there is not. */
export function stateMatcher(
  value: string,
  criterion: Criterion,
  project: SelectionProject,
): (node: Selectable) => boolean {
  const old = project.previous?.manifest;
  const now = project.current?.();
  if (old === undefined || now === undefined) throw noStateFault(criterion.text, 'manifest.json');
  const changed = changedMacros(now, old);
  const known: Readonly<Record<string, IsMeant>> = {
    new: (_now, before) => before === undefined,
    old: (_now, before) => before !== undefined,
    modified: (node, before) => isModified(node, before, changed),
    unmodified: (node, before) => !isModified(node, before, changed),
    'modified.body': differ('body'),
    'modified.configs': differ('configs'),
    'modified.relation': differ('relation'),
    'modified.contract': differ('contract'),
    'modified.persisted_descriptions': (node, before) =>
      node.descriptions !== undefined &&
      (before === undefined || !sameDescriptions(node.descriptions, before.descriptions)),
    'modified.macros': (node) => changed.reach(node.macros),
  };
  const isMeant = Object.hasOwn(known, value) ? known[value] : undefined;
  if (isMeant === undefined) throw stateFault(value, criterion, Object.keys(known));
  return ({ uniqueId }) => {
    const node = now.nodes.get(uniqueId);
    return node !== undefined && isMeant(node, old.nodes.get(uniqueId));
  };
}

/** What a kind of node does not have has not changed, and what was not there before has. */
function differ(part: 'body' | 'configs' | 'relation' | 'contract'): IsMeant {
  return (now, old) => now[part] !== undefined && now[part] !== old?.[part];
}

function isModified(now: StateNode, old: Old, changed: ChangedMacros): boolean {
  if (changed.reach(now.macros)) return true;
  if (old === undefined) return !toldAsNewOnly.has(now.resourceType);
  if (now.identity !== old.identity || now.configs !== old.configs) return true;
  // A generic test's body is its name and arguments, which are in its fqn.
  if (now.resourceType === 'generic_test') return false;
  if (now.descriptions !== undefined && !sameDescriptions(now.descriptions, old.descriptions)) {
    return true;
  }
  return now.body !== old.body || now.relation !== old.relation || now.contract !== old.contract;
}

/** As in dbt, these are `state:new` and not `state:modified` when they were not there before. */
const toldAsNewOnly: ReadonlySet<string> = new Set([
  'source',
  'exposure',
  'metric',
  'semantic_model',
  'saved_query',
]);

/** Only what becomes a comment in the database counts. */
function sameDescriptions(now: StateDescriptions, old: StateDescriptions | undefined): boolean {
  if (now.isPersisted.relation && now.relation !== old?.relation) return false;
  return !now.isPersisted.columns || now.columns === old?.columns;
}

interface ChangedMacros {
  /** Whether one of these macros, or one that they call, has changed. */
  reach(macros: readonly string[]): boolean;
}

function changedMacros(now: StateManifest, old: StateManifest): ChangedMacros {
  const isCompared = ({ packageName }: { readonly packageName: string }): boolean =>
    now.generator === old.generator || !/^dbt(_postgres)?$/.test(packageName);
  const changed = new Set<string>();
  for (const [id, macro] of now.macros) {
    if (isCompared(macro) && old.macros.get(id)?.text !== macro.text) changed.add(id);
  }
  for (const [id, macro] of old.macros) {
    if (isCompared(macro) && !now.macros.has(id)) changed.add(id);
  }
  const reach = (ids: readonly string[], seen: Set<string>): boolean =>
    ids.some((id) => {
      if (changed.has(id)) return true;
      if (seen.has(id)) return false;
      seen.add(id);
      return reach(now.macros.get(id)?.macros ?? [], seen);
    });
  return { reach: (macros) => changed.size > 0 && reach(macros, new Set()) };
}

/** Makes the test of `source_status:fresher`: loaded since the run that --state names. */
export function sourceStatusMatcher(
  value: string,
  criterion: Criterion,
  { previous, currentSources }: SelectionProject,
): (node: Selectable) => boolean {
  if (value !== 'fresher') throw stateFault(value, criterion, ['fresher']);
  if (previous?.sources === undefined) throw noStateFault(criterion.text, 'sources.json');
  if (currentSources === undefined) {
    throw new UserError(`\`${criterion.text}\` needs to know how fresh the sources are now`, {
      where: '--select',
      hint: 'run `runner source freshness` first',
    });
  }
  const old = previous.sources;
  return ({ uniqueId }) => {
    const loaded = currentSources.get(uniqueId);
    if (loaded === undefined) return false;
    if (!old.has(uniqueId)) return true;
    const before = old.get(uniqueId);
    return before !== undefined && Date.parse(loaded) > Date.parse(before);
  };
}

function stateFault(value: string, { text }: Criterion, known: readonly string[]): UserError {
  const nearest = nearestName(value, known);
  return new UserError(`\`${text}\`: \`${value}\` is nothing to compare`, {
    where: '--select',
    hint: nearest ? `did you mean \`${nearest}\`?` : `there are ${known.join(', ')}`,
  });
}

/** The fault of a criterion that compares with what an earlier run left. */
export function noStateFault(text: string, file: string): UserError {
  return new UserError(`\`${text}\` compares with an earlier run, and there is no ${file} of one`, {
    where: '--select',
    hint: 'name the folder that holds it: --state path/to/target',
  });
}
