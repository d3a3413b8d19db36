// Snapshots: blocks of `.sql` files, and entries of property files that name a relation.

import { UserError } from '../../core/errors.ts';
import { findBlocks } from '../../core/template/macro-file.ts';
import { collect } from './collect-faults.ts';
import type { EntryReader } from './other-nodes.ts';
import type { Patches } from './patches.ts';
import type { PropertyFile } from './properties.ts';
import type { ParsedSnapshot, SourceFile } from './types.ts';

/** Reads the snapshots of a project and its packages. */
export function readSnapshots(
  files: readonly SourceFile[],
  propertyFiles: readonly PropertyFile[],
  patches: Patches,
  reader: EntryReader,
): readonly ParsedSnapshot[] {
  const blocks = files.flatMap((file) => inFile(file, patches, reader));
  const entries = propertyFiles.flatMap((file) =>
    (file.content.snapshots ?? []).flatMap((entry, index): ParsedSnapshot[] => {
      if (!entry.relation) return [];
      const rawSql = `select * from {{ ${entry.relation} }}`;
      const place = file.yaml.placeOf(['snapshots', index, 'relation']);
      const folders = file.source.pathInFolder.split('/').slice(0, -1);
      const given = { name: entry.name, rawSql, place };
      return [snapshot(file.source, folders, given, patches, reader)];
    }),
  );
  return [...blocks, ...entries];
}

function inFile(file: SourceFile, patches: Patches, reader: EntryReader): ParsedSnapshot[] {
  const source = { path: file.path, text: file.text };
  const blocks = collect(reader.faults, () => findBlocks(source)).flat();
  const found = blocks.filter((block) => block.kind === 'snapshot');
  if (found.length === 0 && blocks.length === 0 && file.text.trim() !== '') {
    reader.faults.push(
      new UserError('a file of the snapshot folder holds no snapshot', {
        where: { path: file.path },
        hint: 'put its query between {% snapshot name %} and {% endsnapshot %}, or move the file',
      }),
    );
  }
  const folders = file.pathInFolder.replace(/\.[^./]+$/, '').split('/');
  return found.map((block) => {
    const place = { path: file.path, line: block.line, column: block.column };
    const given = { name: block.name, rawSql: block.body, place };
    return snapshot(file, folders, given, patches, reader);
  });
}

function snapshot(
  file: SourceFile,
  folders: readonly string[],
  given: Pick<ParsedSnapshot, 'name' | 'rawSql' | 'place'>,
  patches: Patches,
  reader: EntryReader,
): ParsedSnapshot {
  const patch = patches.take('snapshots', file.packageName, given.name);
  const fqn = [file.packageName, ...folders, given.name];
  return {
    kind: 'snapshot',
    ...given,
    packageName: file.packageName,
    path: file.path,
    fqn,
    properties: patch?.properties,
    layers: [...reader.projectLayers('snapshots', fqn), ...(patch?.layers ?? [])],
  };
}
