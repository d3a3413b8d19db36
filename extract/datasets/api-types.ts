// What an endpoint of the API is, as data: everything that asks, loads and documents reads it from here.

/** A field of a record that becomes a column beside the whole record. */
export interface ApiColumn {
  /** Name in the record and in Bronze. */
  readonly name: string;
  /** One sentence for people who read the table. */
  readonly doc: string;
}

/** The clock by which an endpoint's rows become visible, and how to ask for a part of it. */
export interface ApiClock {
  /** Field of the record; one of the columns. */
  readonly column: string;
  readonly min: string;
  readonly max: string;
  /** `timestamp`: a maximum is the midnight at the start of its day; `date`: a maximum is that whole day. */
  readonly grain: 'timestamp' | 'date';
}

/** How an endpoint is asked for a part of the country or for one committee. */
export interface ApiFilter {
  /** Parameter of the request. */
  readonly param: string;
  /** Column that has the same value in the answer. */
  readonly column: string;
}

/** One endpoint of the API, which becomes one Bronze table. */
export interface ApiDataset {
  /** Name on the command line and in the ledger. */
  readonly name: string;
  /** What one row is. */
  readonly description: string;
  /** Table in schema `bronze`. */
  readonly table: string;
  /** The page that documents the endpoint. */
  readonly sourceUrl: string;
  /** Paths below the API's address; several where the endpoint has one for each kind of filer. */
  readonly paths: readonly string[];
  /** Parameters that never change. */
  readonly params: Readonly<Record<string, string>>;
  /** Parameter that takes the cycle. */
  readonly cycleParam: string;
  /** `seek`: by the values of the last row; `page`: by number. Both in ascending order of `sort`. */
  readonly paging: { readonly kind: 'seek' | 'page'; readonly sort: string };
  /** Undefined where an endpoint has none and is read whole. */
  readonly clock: ApiClock | undefined;
  /** The key first. */
  readonly columns: readonly ApiColumn[];
  /** Name of the column that tells the rows of a cycle apart. */
  readonly key: string;
  readonly state: ApiFilter | undefined;
  readonly committee: ApiFilter | undefined;
  /** `filings`: without a committee named, the committees whose filings are new are read. */
  readonly national: 'whole' | 'filings';
  /** Bulk datasets whose files hold the same rows: what they cover need not be asked for. */
  readonly bulk: readonly string[];
}
