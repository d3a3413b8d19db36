// How each node is compiled: at once where its template needs nothing but the project, else when its turn comes.

import { throwFaults, type UserError } from '../../core/errors.ts';
import type { ParsedProject } from '../project/types.ts';
import { type Answers, type Attempt, attempt, type Question } from './answers.ts';
import { collectFaults, inOrder } from './collect-faults.ts';
import { compileGenericTest } from './compile-generic-test.ts';
import { compileSelect, lateSelect } from './compile-select.ts';
import { compileSingularTest } from './compile-singular-test.ts';
import { compileSnapshot, lateSnapshot } from './compile-snapshot.ts';
import {
  captureTestQueries,
  compileLateQuery,
  compileTestQueries,
  type MakeQueries,
} from './compile-test.ts';
import {
  compileUnitTest,
  lateUnitTest,
  type UnitTestTarget,
  unitTestTargets,
} from './compile-unit-test.ts';
import type { Expected } from './late.ts';
import type { ResolvedAnalysis, ResolvedModel, ResolvedSnapshot, Resolver } from './resolve.ts';
import type { Node, NodeId, SqlNode, Test } from './types.ts';

/** A late node to compile; a test may read the stage of one parent. */
export interface LateRequest {
  readonly id: NodeId;
  readonly staged?: NodeId | undefined;
}

/**
 * Compiles as far as the answers go; every round has all answers of the rounds before. Gives the nodes by
 * id, or what else is to be asked.
 * @throws {UserErrors} with every fault of these nodes, in the order of their places.
 */
export type Turn = (answers: Answers) => Attempt<ReadonlyMap<NodeId, Late>>;

/** A node that can be late. */
export type Late = SqlNode;

/** How a node is compiled: at once, or once its turn comes. */
export interface Recipe {
  now(resolver: Resolver): Late | undefined;
  /** The node as it is before its turn. */
  before(resolver: Resolver): Late | undefined;
  later(resolver: Resolver, expected: Expected, staged: NodeId | undefined): Late | undefined;
}

/** Returns how the models and tests of a project are compiled. */
export function nodeRecipes(parsed: ParsedProject, resolver: Resolver): readonly Recipe[] {
  const ofSelect = (node: ResolvedModel | ResolvedAnalysis): Recipe => ({
    now: (it) => compileSelect(it, node),
    before: (it) => lateSelect(it, node),
    later: (it, expected) => compileSelect(it, node, expected),
  });
  const ofSnapshot = (snapshot: ResolvedSnapshot): Recipe => ({
    now: (it) => compileSnapshot(it, snapshot),
    before: (it) => lateSnapshot(it, snapshot),
    later: (it, expected) => compileSnapshot(it, snapshot, expected),
  });
  const ofTest = (
    compile: (it: Resolver, makeQueries: MakeQueries) => Test | undefined,
  ): Recipe => ({
    now: (it) => compile(it, compileTestQueries),
    before: (it) => {
      const test = compile(it, captureTestQueries);
      return test && { ...test, isLate: true };
    },
    later: (it, expected, staged) =>
      compile(it, (inner, maker) => compileLateQuery(inner, maker, { expected, staged })),
  });
  const ofUnitTest = (target: UnitTestTarget): Recipe => {
    const compile = (it: Resolver) => compileUnitTest(it, target, parsed.fixtures);
    return {
      now: compile,
      before: () => lateUnitTest(target),
      later: compile,
    };
  };
  return [
    ...[...resolver.models, ...resolver.analyses].map(ofSelect),
    ...resolver.snapshots.map(ofSnapshot),
    ...parsed.singularTests.map((test) =>
      ofTest((it, makeQueries) => compileSingularTest(it, test, makeQueries)),
    ),
    ...parsed.genericTests.map((test) =>
      ofTest((it, makeQueries) => compileGenericTest(it, test, makeQueries)),
    ),
    ...unitTestTargets(parsed, resolver).map(ofUnitTest),
  ];
}

/** A node that waits for its turn. */
export interface LateNode {
  readonly recipe: Recipe;
  readonly expected: Expected;
}

/**
 * Compiles nodes that need nothing but the project; the others are late.
 * @throws {UserErrors} with every fault, in the order of their places.
 */
export function compileNodes(
  resolver: Resolver,
  recipes: readonly Recipe[],
): { readonly nodes: readonly Node[]; readonly late: ReadonlyMap<NodeId, LateNode> } {
  const faults: UserError[] = [];
  const late = new Map<NodeId, LateNode>();
  const compiled = recipes.flatMap((recipe): Node[] =>
    collectFaults(faults, () => {
      const tried = attemptHeard(resolver, (quiet) => recipe.now(quiet));
      if (tried.kind === 'done') return tried.value;
      const node = recipe.before(resolver);
      if (node !== undefined) {
        late.set(node.uniqueId, { recipe, expected: new Set(node.dependsOn) });
      }
      return node;
    }).flatMap((node) => node ?? []),
  );
  throwFaults(inOrder(faults));
  return { nodes: [...compiled, ...resolver.seeds, ...resolver.sources], late };
}

/** Begins a turn of late nodes. */
export function turnOf(
  requests: readonly LateRequest[],
  late: ReadonlyMap<NodeId, LateNode>,
  resolver: Resolver,
): Turn {
  const finished = new Map<NodeId, Late>();
  return (answers) => {
    const faults: UserError[] = [];
    const questions = new Map<string, Question>();
    const answered = { ...resolver, facts: { ...resolver.facts, answers } };
    for (const { id, staged } of requests) {
      const node = late.get(id);
      if (node === undefined || finished.has(id)) continue;
      const make = (quiet: Resolver) => node.recipe.later(quiet, node.expected, staged);
      for (const tried of collectFaults(faults, () => attemptHeard(answered, make))) {
        if (tried.kind === 'done') {
          if (tried.value !== undefined) finished.set(id, tried.value);
        } else {
          for (const question of tried.questions) questions.set(question.sql, question);
        }
      }
    }
    throwFaults(inOrder(faults));
    if (questions.size > 0) return { kind: 'questions', questions: [...questions.values()] };
    return { kind: 'done', value: finished };
  };
}

/** What a template logs is heard once, when it has all its answers. */
function attemptHeard<T>(resolver: Resolver, make: (quiet: Resolver) => T): Attempt<T> {
  const logged: string[] = [];
  const onLog = (message: string): void => void logged.push(message);
  const tried = attempt(() => make({ ...resolver, facts: { ...resolver.facts, onLog } }));
  if (tried.kind === 'done') for (const message of logged) resolver.facts.onLog(message);
  return tried;
}
