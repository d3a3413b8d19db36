// What every command is given: the options that the command line, or a program, sets.

import type { IndirectMode, ResourceType } from '../graph/types.ts';

/** Options of every command. */
export interface CommonOptions {
  readonly projectDir: string;
  readonly profilesDir: string | undefined;
  readonly profile: string | undefined;
  readonly target: string | undefined;
  /** YAML of values for `var()`, over those of dbt_project.yml. */
  readonly varsText: string | undefined;
  /** In place of `target-path` of dbt_project.yml. */
  readonly targetPath?: string | undefined;
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

/** --defer and its like: where `ref` of what is not built here leads. */
export interface DeferOptions {
  readonly isOn: boolean;
  /** Folder with the manifest.json of an earlier run, relative to the project; that of --state where absent. */
  readonly state: string | undefined;
  /** Read what the earlier run built also where the target has a relation of its own. */
  readonly favorState: boolean;
}

/** Options of the commands that work on chosen nodes. */
export interface SelectionOptions extends CommonOptions {
  readonly select: readonly string[];
  readonly exclude: readonly string[];
  /** Ids to work on in place of a selection, as `retry` has them. */
  readonly ids?: readonly string[];
  /** Name of a selection of selectors.yml. */
  readonly selector?: string | undefined;
  /** Which tests come along; `eager` where absent. */
  readonly indirectSelection?: IndirectMode | undefined;
  /** Folder with artifacts of an earlier run, relative to the project. */
  readonly state?: string | undefined;
  readonly defer?: DeferOptions | undefined;
  /** Kinds of node to keep; all where empty. */
  readonly resourceTypes?: readonly ResourceType[];
  readonly excludeResourceTypes?: readonly ResourceType[];
}
