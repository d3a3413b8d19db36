// All files of a project -> ParsedProject. Pure: the same files and inputs give the same project.

import { throwFaults, UserError } from '../../core/errors.ts';
import type { ParseCache } from '../../core/parse-cache.ts';
import { isMapValue } from '../../core/yaml.ts';
import type { KeyReport } from './check-keys.ts';
import { checkReferences } from './check-references.ts';
import { orderedFaults } from './collect-faults.ts';
import { folderLayers } from './config-layers.ts';
import { checkConfigTrees, checkFolders } from './config-trees.ts';
import { describeWith, readDocsBlocks } from './docs-blocks.ts';
import {
  type EntryReader,
  readExposures,
  readGroups,
  readMacroProperties,
  readSemantic,
  readUnitTests,
  sameNameFaults,
} from './other-nodes.ts';
import { type LeftOver, type PatchedKind, Patches } from './patches.ts';
import { type PropertyFile, parsePropertyFile } from './properties.ts';
import { noInputs, yamlScope } from './render-yaml.ts';
import { readSnapshots } from './snapshots.ts';
import { readSources } from './sources.ts';
import { readGenericTests } from './test-sites.ts';
import type {
  ConfigLayer,
  ConfiguredKind,
  FileKind,
  ParsedGenericTest,
  ParsedProject,
  ProjectFile,
  SourceFile,
  YamlInputs,
} from './types.ts';

/** What a project is parsed with, its own files apart. */
export interface ParseOptions {
  readonly inputs?: YamlInputs;
  /** dbt_project.yml of each installed package. */
  readonly packages?: readonly ProjectFile[];
  /** Spares parsing texts again; it changes nothing that comes out. */
  readonly parseCache?: ParseCache | undefined;
}

/**
 * Parses a project's files, those of its packages among them.
 * @throws {UserErrors} with every fault of every file, in the order of their paths.
 */
export function parseProject(
  file: ProjectFile,
  files: readonly SourceFile[],
  options: ParseOptions = {},
): ParsedProject {
  const inputs = options.inputs ?? noInputs;
  const packages = options.packages ?? [];
  const faults: UserError[] = [];
  const warnings: UserError[] = [...file.warnings];
  const projects = new Map([...packages, file].map((project) => [project.name, project]));
  const varsOf = (packageName: string) => varsFor(file, projects.get(packageName));
  const docs = readDocsBlocks(files, faults);
  const describe = describeWith(docs, inputs, varsOf, faults);
  const propertyFiles = files
    .filter((source) => source.kind === 'properties')
    .flatMap((source) =>
      parsePropertyFile(
        source,
        yamlScope(inputs, varsOf(source.packageName)),
        reportFor(source, file, faults, warnings),
        options.parseCache,
      ),
    );
  checkConfigTrees(file, { isStrict: file.isStrict, faults, warnings });
  const patches = new Patches(propertyFiles, describe, faults);
  const reader: EntryReader = { describe, projectLayers: layersFrom(file, projects), faults };
  const nodes = nodesOfFiles(files, propertyFiles, patches, reader);
  const entries = nodesOfEntries(propertyFiles, reader);
  checkFolders(
    file,
    {
      models: nodes.models,
      seeds: nodes.seeds,
      snapshots: nodes.snapshots,
      data_tests: [...nodes.singularTests, ...entries.genericTests],
      sources: entries.sources,
      exposures: entries.exposures,
    },
    { isStrict: file.isStrict, faults, warnings },
  );
  faults.push(
    ...checkReferences({ ...nodes, ...entries }),
    ...hostileNameFaults([...nodes.models, ...nodes.seeds, ...nodes.snapshots]),
    ...duplicateFaults([...nodes.models, ...nodes.seeds, ...nodes.snapshots]),
    ...sameNameFaults([...entries.exposures, ...entries.groups]),
  );
  const gone = patches.leftOver();
  // As in dbt a warning; what is odd in a package is its author's to act on.
  for (const { fault, packageName } of gone) {
    if (packageName === file.name) (file.isStrict ? faults : warnings).push(fault);
  }
  throwFaults(orderedFaults(faults));
  const genericTests = entries.genericTests.filter((test) => !gone.some((it) => isOn(test, it)));
  return { file, ...nodes, ...entries, genericTests, docs, packages, warnings };
}

function isOn({ on, packageName }: ParsedGenericTest, gone: LeftOver): boolean {
  if (on.kind !== 'ref' || packageName !== gone.packageName) return false;
  return on.name === gone.name && on.version === gone.version;
}

/** The nodes that are files. */
function nodesOfFiles(
  files: readonly SourceFile[],
  propertyFiles: readonly PropertyFile[],
  patches: Patches,
  reader: EntryReader,
) {
  const own = (kind: FileKind) => files.filter((source) => source.kind === kind);
  const written = ({ packageName, path, text }: SourceFile) => ({ packageName, path, text });
  const common = (source: SourceFile, kind: PatchedKind & ConfiguredKind) =>
    fileNode(source, kind, patches, reader);
  const withSql = <const Kind extends string>(
    source: SourceFile,
    kind: Kind,
    configured: PatchedKind & ConfiguredKind,
  ) => ({ kind, rawSql: source.text, ...common(source, configured) });
  return {
    models: own('model').map((source) => withSql(source, 'model', 'models')),
    seeds: own('seed').map((source) => ({ kind: 'seed' as const, ...common(source, 'seeds') })),
    snapshots: readSnapshots(own('snapshot'), propertyFiles, patches, reader),
    singularTests: own('singular-test').map((source) =>
      withSql(source, 'singular-test', 'data_tests'),
    ),
    analyses: own('analysis').map((source) => withSql(source, 'analysis', 'analyses')),
    fixtures: own('fixture').map((source) => ({ ...written(source), name: stem(source.path) })),
    macroFiles: own('macro').map(written),
  };
}

/** The nodes that are entries of property files. */
function nodesOfEntries(files: readonly PropertyFile[], reader: EntryReader) {
  const { describe, projectLayers, faults } = reader;
  return {
    genericTests: files.flatMap((it) =>
      readGenericTests(it, (fqn) => projectLayers('data_tests', fqn), faults),
    ),
    sources: readSources(files, (fqn) => projectLayers('sources', fqn), describe, faults),
    unitTests: files.flatMap((it) => readUnitTests(it, reader)),
    exposures: files.flatMap((it) => readExposures(it, reader)),
    groups: files.flatMap((it) => readGroups(it, reader)),
    semantic: files.flatMap((it) => readSemantic(it, reader)),
    macroProperties: files.flatMap((it) => readMacroProperties(it, reader)),
  };
}

/** What every node has that is a file: its name, its configs, and what YAML says of it. */
function fileNode(
  source: SourceFile,
  kind: PatchedKind & ConfiguredKind,
  patches: Patches,
  reader: EntryReader,
) {
  const fileName = stem(source.path);
  const patch = patches.take(kind, source.packageName, fileName);
  const name = patch?.name ?? fileName;
  const version = patch?.version === undefined ? [] : [`v${patch.version}`];
  // dbt names analyses below a folder of this name.
  const inside = kind === 'analyses' ? ['analysis'] : [];
  const fqn = [source.packageName, ...inside, ...folders(source.pathInFolder), name, ...version];
  return {
    name,
    packageName: source.packageName,
    path: source.path,
    fqn,
    properties: patch?.properties,
    layers: [...reader.projectLayers(kind, fqn), ...(patch?.layers ?? [])],
    ...(patch?.version !== undefined && {
      version: patch.version,
      latestVersion: patch.latestVersion,
    }),
  };
}

/** Warnings about a package's files are its author's to act on, not this project's. */
function reportFor(
  source: SourceFile,
  file: ProjectFile,
  faults: UserError[],
  warnings: UserError[],
): KeyReport {
  if (source.packageName === file.name) return { isStrict: file.isStrict, faults, warnings };
  return { isStrict: false, faults, warnings: [] };
}

/** A package's vars: its own, then those of the project, then what the project says for the package. */
function varsFor(root: ProjectFile, own: ProjectFile | undefined) {
  const scoped = (file: ProjectFile, name: string): Readonly<Record<string, unknown>> => {
    const below = file.vars[name];
    return isMapValue(below) ? below : {};
  };
  const project = own ?? root;
  return {
    ...project.vars,
    ...scoped(project, project.name),
    ...root.vars,
    ...scoped(root, project.name),
  };
}

/** A package's own configs are weaker than those that the project gives it. */
function layersFrom(root: ProjectFile, projects: ReadonlyMap<string, ProjectFile>) {
  return (kind: ConfiguredKind, fqn: readonly string[]): readonly ConfigLayer[] => {
    const own = projects.get(fqn[0] ?? '');
    const files = own === undefined || own === root ? [root] : [own, root];
    return files.flatMap((file) => folderLayers(file.yaml, file.configTrees[kind], fqn));
  };
}

function duplicateFaults(
  nodes: readonly { name: string; packageName: string; path: string; version?: unknown }[],
): UserError[] {
  const seen = new Map<string, string>();
  return nodes.flatMap(({ name, packageName, path, version }) => {
    const key = `${packageName}.${name}.${version ?? ''}`;
    const first = seen.get(key);
    seen.set(key, first ?? path);
    if (first === undefined) return [];
    return [
      new UserError(`two files define \`${name}\``, {
        where: { path },
        hint: `the other one is ${first}; rename one of them`,
      }),
    ];
  });
}

/** A name becomes a relation's, a folder's and a selector's: what would break one of them is refused. */
function hostileNameFaults(nodes: readonly { name: string; path: string }[]): UserError[] {
  return nodes.flatMap(({ name, path }) => {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    const found = /[\s"'`;{}()\\:*?<>|,+@\u0000-\u001f]/.exec(name)?.[0];
    if (found === undefined) return [];
    const shown = found.trim() === '' ? 'a blank' : `\`${found}\``;
    return [
      new UserError(`the name of the file has ${shown}, which no node can have in its name`, {
        where: { path },
        hint: 'rename it, with letters, digits, `_`, `-` and `.` only',
      }),
    ];
  });
}

function stem(path: string): string {
  return (path.split('/').at(-1) ?? path).replace(/\.[^.]+$/, '');
}

function folders(pathInFolder: string): string[] {
  return pathInFolder.split('/').slice(0, -1);
}
