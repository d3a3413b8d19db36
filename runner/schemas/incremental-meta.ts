// Configs of incremental models that dbt has no key for: they stand under `meta.runner`.

import { z } from 'zod';
import { boolean, name } from './values.ts';

/** What `meta.runner` says of an incremental model; keys of other duties stand beside these. */
export const incrementalMeta = z.looseObject(
  {
    /** A boolean column of the query: a row in which it is true removes the row of its key. */
    delete_marker: name.nullish(),
    /** With `delete+insert`: all rows of a key are replaced by all rows of the query with that key. */
    allow_duplicate_keys: boolean.nullish(),
  },
  'expected a map',
);
