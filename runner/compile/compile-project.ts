// ParsedProject -> Manifest. Pure: project and inputs decide every byte.

import { throwFaults, UserError } from '../../core/errors.ts';
import type { Value } from '../../core/template/values.ts';
import type { ParsedProject } from '../project/types.ts';
import { type Answers, type Attempt, attempt, type Question } from './answers.ts';
import { type Captured, captureNode } from './capture.ts';
import { collectFaults } from './collect-faults.ts';
import { compileGenericTest } from './compile-generic-test.ts';
import { compileModel } from './compile-model.ts';
import { compileSingularTest } from './compile-singular-test.ts';
import type { ConfigReport } from './config.ts';
import type { ProjectFacts } from './context.ts';
import { graphValue } from './graph-value.ts';
import type { CompileInputs } from './inputs.ts';
import { loadMacros } from './macro-library.ts';
import { captureKey, type Resolver, resolveNodes } from './resolve.ts';
import type { Manifest, Node, RelationName } from './types.ts';
import { packageVars } from './vars.ts';

/** A project that is resolved and can render more text, such as an inline query. */
export interface CompiledProject {
  readonly manifest: Manifest;
  readonly resolver: Resolver;
}

/** A project whose nodes are compiled as far as the answers go that are known. */
export interface Compilation {
  /**
   * Compiles what is not compiled yet. Every round has all answers of the rounds before.
   * @throws {UserErrors} with every fault of the project, in the order of their places.
   */
  compile(answers: Answers): Attempt<CompiledProject>;
}

/**
 * Compiles a project for a target.
 * @throws {UserErrors} with every fault of the project, in the order of their places.
 * @throws {UserError} where a template asks the database.
 */
export function compileProject(
  parsed: ParsedProject,
  inputs: CompileInputs,
  onLog: (message: string) => void = () => undefined,
): CompiledProject {
  const compiled = prepareCompilation(parsed, inputs, onLog).compile(new Map());
  if (compiled.kind === 'done') return compiled.value;
  const [first] = compiled.questions;
  throw new UserError(`a template asks the database: \`${first?.sql ?? ''}\``, {
    hint: 'compile with a database at hand',
  });
}

/**
 * Reads macros, configs and relations of a project; nothing of that needs the database.
 * @throws {UserErrors} with every fault of the project, in the order of their places.
 */
export function prepareCompilation(
  parsed: ParsedProject,
  inputs: CompileInputs,
  onLog: (message: string) => void,
): Compilation {
  const faults: UserError[] = [];
  const facts = projectFacts(parsed, inputs, onLog, faults);
  const captured = new Map<string, Captured>();
  for (const node of [...parsed.models, ...parsed.singularTests]) {
    for (const capture of collectFaults(faults, () => captureNode(facts, node))) {
      captured.set(captureKey(node), capture);
    }
  }
  throwFaults(sorted(faults));
  const resolver = resolveNodes(facts, parsed, captured, faults);
  throwFaults(sorted(faults));
  const finished = new Map<object, Node | undefined>();
  return {
    compile: (answers) => compileNodes(parsed, withAnswers(resolver, parsed, answers), finished),
  };
}

function projectFacts(
  parsed: ParsedProject,
  inputs: CompileInputs,
  onLog: (message: string) => void,
  faults: UserError[],
): ProjectFacts {
  const { file } = parsed;
  const order = { projectName: file.name, dispatch: file.dispatch };
  const vars = new Map<string, ReadonlyMap<string, unknown>>();
  const varsOf = (packageName: string): ReadonlyMap<string, unknown> => {
    const own = parsed.packages?.find((one) => one.name === packageName);
    const known = vars.get(packageName) ?? packageVars(file, own, packageName, inputs.vars);
    vars.set(packageName, known);
    return known;
  };
  return {
    inputs,
    macros: loadMacros(parsed.macroFiles, order, faults, inputs.parseCache),
    vars: varsOf(file.name),
    varsOf,
    projectName: file.name,
    configReport: reportOf(parsed),
    onLog,
    docOf: (from, packageName, name) => {
      const found = (parsed.docs ?? []).filter((block) => block.name === name);
      const order = packageName === undefined ? [from, file.name] : [packageName];
      const own = order.flatMap((one) => found.filter((block) => block.packageName === one));
      return (own[0] ?? (packageName === undefined ? found[0] : undefined))?.text;
    },
  };
}

/** What is odd in a package is its author's to act on, not this project's. */
function reportOf({ file, warnings }: ParsedProject): (packageName: string) => ConfigReport {
  const own = { isStrict: file.isStrict, warnings };
  return (packageName) => (packageName === file.name ? own : { isStrict: false, warnings: [] });
}

function withAnswers(resolver: Resolver, parsed: ParsedProject, answers: Answers): Resolver {
  let graph: Value | undefined;
  const facts: ProjectFacts = {
    ...resolver.facts,
    answers,
    graph: () => {
      graph ??= graphValue(resolver, parsed);
      return graph;
    },
  };
  return { ...resolver, facts };
}

function compileNodes(
  parsed: ParsedProject,
  resolver: Resolver,
  finished: Map<object, Node | undefined>,
): Attempt<CompiledProject> {
  const faults: UserError[] = [];
  const questions = new Map<string, Question>();
  const collect = (key: object, make: (quiet: Resolver) => Node | undefined): Node[] => {
    const known = finished.get(key);
    if (known !== undefined) return [known];
    // What a template logs is heard once, when it has all its answers.
    const logged: string[] = [];
    const quiet = {
      ...resolver,
      facts: { ...resolver.facts, onLog: (message: string) => void logged.push(message) },
    };
    for (const tried of collectFaults(faults, () => attempt(() => make(quiet)))) {
      if (tried.kind === 'questions') {
        for (const question of tried.questions) questions.set(question.sql, question);
      } else {
        for (const message of logged) resolver.facts.onLog(message);
        if (tried.value === undefined) continue;
        finished.set(key, tried.value);
        return [tried.value];
      }
    }
    return [];
  };
  const nodes: Node[] = [
    ...resolver.models.flatMap((model) => collect(model, (quiet) => compileModel(quiet, model))),
    ...resolver.seeds,
    ...resolver.sources,
    ...parsed.singularTests.flatMap((test) =>
      collect(test, (quiet) => compileSingularTest(quiet, test)),
    ),
    ...parsed.genericTests.flatMap((test) =>
      collect(test, (quiet) => compileGenericTest(quiet, test)),
    ),
  ];
  faults.push(...sharedStores(nodes));
  throwFaults(sorted(faults));
  if (questions.size > 0) return { kind: 'questions', questions: [...questions.values()] };
  return { kind: 'done', value: { manifest: toManifest(parsed.file.name, nodes), resolver } };
}

/** Failing rows of two tests in one relation, or in that of a model, would overwrite each other. */
function sharedStores(nodes: readonly Node[]): UserError[] {
  const keyOf = ({ schema, identifier }: RelationName): string => `${schema}.${identifier}`;
  const taken = new Map(
    nodes.flatMap((node) => ('staged' in node ? [[keyOf(node.relation), node.name]] : [])),
  );
  return nodes.flatMap((node) => {
    if (node.kind !== 'test' || node.stored === undefined) return [];
    const key = keyOf(node.stored.relation);
    const other = taken.get(key);
    taken.set(key, other ?? node.name);
    if (other === undefined) return [];
    return [
      new UserError(
        `failing rows of \`${node.name}\` would go to \`${key}\`, where \`${other}\` is`,
        {
          where: { path: node.path },
          hint: 'give one of them another `alias` or `schema` in its config',
        },
      ),
    ];
  });
}

function toManifest(projectName: string, nodes: readonly Node[]): Manifest {
  const ordered = [...nodes].sort((a, b) => (a.uniqueId < b.uniqueId ? -1 : 1));
  return { projectName, nodes: new Map(ordered.map((node) => [node.uniqueId, node])) };
}

function sorted(faults: readonly UserError[]): UserError[] {
  const key = (fault: UserError): string => {
    const { where } = fault;
    if (where === undefined || typeof where === 'string') return where ?? '';
    const number = (value: number | undefined) => String(value ?? 0).padStart(8, '0');
    return `${where.path}:${number(where.line)}:${number(where.column)}`;
  };
  return [...faults].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}
