// Checks the artifacts of a target folder against dbt's JSON Schemas, and has two programs read them.
// Usage: PYTHON=/path/to/python npx tsx bench/conformance/artifacts.ts SCHEMAS TARGET_FOLDER…
// SCHEMAS holds manifest/v12.json, run-results/v6.json, catalog/v1.json and sources/v3.json, fetched
// from https://schemas.getdbt.com/dbt/; PYTHON has `jsonschema` and `dbt-artifacts-parser` installed.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

const artifacts = [
  ['manifest.json', 'manifest/v12.json', 'parse_manifest'],
  ['run_results.json', 'run-results/v6.json', 'parse_run_results'],
  ['catalog.json', 'catalog/v1.json', 'parse_catalog'],
  ['sources.json', 'sources/v3.json', 'parse_sources'],
] as const;

/** Every fault with its path, deepest first: those of an alternative say more than that none fits. */
const check = `
import json, sys
import jsonschema
from dbt_artifacts_parser import parser
artifact = json.load(open(sys.argv[1]))
schema = json.load(open(sys.argv[2]))
faults = []
def leaves(error):
    if not error.context:
        yield error
    else:
        # Of several alternatives, the one that goes furthest is meant.
        best = {}
        for below in error.context:
            best.setdefault(below.schema_path[0], []).append(below)
        for below in min(best.values(), key=len):
            yield from leaves(below)
for error in jsonschema.Draft202012Validator(schema).iter_errors(artifact):
    for leaf in leaves(error):
        faults.append("/".join(map(str, leaf.absolute_path)) + ": " + leaf.message[:160])
try:
    read = getattr(parser, sys.argv[3])(artifact)
    print("read by dbt-artifacts-parser as", type(read).__name__)
except Exception as error:
    faults.append("dbt-artifacts-parser: " + str(error)[:600])
for fault in faults[:40]:
    print(fault)
print(len(faults), "faults")
sys.exit(1 if faults else 0)
`;

const [schemas, ...targets] = process.argv.slice(2);
const python = process.env['PYTHON'] ?? 'python3';
if (schemas === undefined || targets.length === 0)
  throw new Error('see the first lines of this file');
for (const target of targets) {
  for (const [file, schema, parse] of artifacts) {
    const path = resolve(target, file);
    if (!existsSync(path)) continue;
    const args = ['-c', check, path, join(schemas, schema), parse];
    const done = spawnSync(python, args, { encoding: 'utf8' });
    process.stdout.write(`${path}\n${done.stdout}${done.stderr}`);
    if (done.status !== 0) process.exitCode = 1;
  }
}
