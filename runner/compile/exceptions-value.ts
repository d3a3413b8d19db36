// `exceptions`: the ways in which a template can fail or warn.

import { ValueFault } from '../../core/template/errors.ts';
import { toText } from '../../core/template/python-text.ts';
import { type HostObject, makeFunction, type Value } from '../../core/template/values.ts';

/** Members of `exceptions` that end the render with a sentence of the template's own. */
const WITH_MESSAGE = [
  'raise_compiler_error',
  'raise_database_error',
  'raise_dependency_error',
  'raise_not_implemented',
  'raise_fail_fast_error',
  'raise_cache_inconsistent',
  'raise_invalid_property_yml_version',
];

/** Members that end the render because of what they are given. */
const ABOUT: Readonly<Record<string, string>> = {
  missing_config: 'a config is missing',
  missing_materialization: 'there is no such materialization',
  missing_relation: 'a relation is missing',
  raise_ambiguous_alias: 'two nodes have one relation',
  raise_ambiguous_catalog_match: 'two relations match one node',
  raise_dataclass_not_dict: 'the object is no dict',
  raise_dep_not_found: 'a dependency is missing',
  raise_duplicate_patch_name: 'a node is described twice',
  raise_duplicate_resource_name: 'two nodes have one name',
  raise_contract_error: 'the columns are not those of the contract',
  relation_wrong_type: 'the relation is of another type than expected',
  column_type_missing: 'a column of the contract has no type',
};

/** Makes `exceptions`; `warn` hears warnings. */
export function exceptionsValue(warn: (message: string) => void): HostObject {
  const members = new Map<string, Value>();
  for (const name of WITH_MESSAGE) {
    members.set(
      name,
      makeFunction(name, (args, kwargs) => {
        const message = args[0] ?? kwargs.get('msg') ?? kwargs.get('message') ?? '';
        throw new ValueFault(toText(message));
      }),
    );
  }
  for (const [name, sentence] of Object.entries(ABOUT)) {
    members.set(
      name,
      makeFunction(name, (args) => {
        const words = args.filter((arg) => typeof arg === 'string').map((arg) => `\`${arg}\``);
        throw new ValueFault([sentence, ...words].join(': '));
      }),
    );
  }
  members.set(
    'warn',
    makeFunction('warn', (args, kwargs) => {
      warn(toText(args[0] ?? kwargs.get('msg') ?? ''));
      return '';
    }),
  );
  members.set(
    'warn_snapshot_timestamp_data_types',
    makeFunction('warn', () => null),
  );
  return {
    kind: 'host',
    typeName: 'exceptions',
    isMapping: true,
    getAttribute: (name) => members.get(name),
    toText: () => {
      throw new ValueFault('`exceptions` cannot be printed');
    },
  };
}
