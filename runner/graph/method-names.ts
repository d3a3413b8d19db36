/** The methods of the selection grammar, as they stand before the colon. */
export const methodNames = [
  'fqn',
  'tag',
  'group',
  'access',
  'source',
  'path',
  'file',
  'package',
  'config',
  'test_name',
  'test_type',
  'resource_type',
  'state',
  'result',
  'source_status',
  'exposure',
  'metric',
  'semantic_model',
  'saved_query',
  'unit_test',
  'version',
  'selector',
] as const;

/** A method of the selection grammar, `selector` apart, which names another selection. */
export type MatchMethod = Exclude<(typeof methodNames)[number], 'selector'>;
