// What every command is given: the options that the command line, or a program, sets.

/** Options of every command. */
export interface CommonOptions {
  readonly projectDir: string;
  readonly profilesDir: string | undefined;
  readonly profile: string | undefined;
  readonly target: string | undefined;
  /** YAML of values for `var()`, over those of dbt_project.yml. */
  readonly varsText: string | undefined;
  readonly threads: number | undefined;
  /** Build incremental models anew; false where the command has no such flag. */
  readonly fullRefresh?: boolean;
  /** The range that microbatch models build again, as given. */
  readonly eventTime?: EventTimeOptions | undefined;
  /** Whether tests keep the rows that they find, where their config does not say. */
  readonly storeFailures?: boolean | undefined;
  /** The words of the command line, for the artifacts. */
  readonly commandLine: string;
}

/** --event-time-start and --event-time-end: both or neither. */
export interface EventTimeOptions {
  readonly start: string | undefined;
  readonly end: string | undefined;
}

/** Options of the commands that work on chosen nodes. */
export interface SelectionOptions extends CommonOptions {
  readonly select: readonly string[];
  readonly exclude: readonly string[];
}
