// The names of the filters, for `'x' is filter`; the table of filters is checked against them.

/** Every filter of Jinja2 and of dbt that is known here, the refused ones too. */
export const FILTER_NAMES = [
  'abs',
  'as_bool',
  'as_native',
  'as_number',
  'as_text',
  'attr',
  'batch',
  'capitalize',
  'center',
  'count',
  'd',
  'default',
  'dictsort',
  'e',
  'escape',
  'filesizeformat',
  'first',
  'float',
  'forceescape',
  'format',
  'groupby',
  'indent',
  'int',
  'items',
  'join',
  'last',
  'length',
  'list',
  'lower',
  'map',
  'max',
  'min',
  'pprint',
  'random',
  'reject',
  'rejectattr',
  'replace',
  'reverse',
  'round',
  'safe',
  'select',
  'selectattr',
  'slice',
  'sort',
  'string',
  'striptags',
  'sum',
  'title',
  'tojson',
  'trim',
  'truncate',
  'unique',
  'upper',
  'urlencode',
  'urlize',
  'wordcount',
  'wordwrap',
  'xmlattr',
] as const;

/** The name of a filter. */
export type FilterName = (typeof FILTER_NAMES)[number];

const names = new Set<string>(FILTER_NAMES);

/** Says whether there is a filter of that name. */
export function isFilterName(name: string): name is FilterName {
  return names.has(name);
}
