/** Options of each command, in the order of its help, and the types of its flags. */
import {
  API_OPTIONS,
  COHORT_OPTIONS,
  ENDING_OPTIONS,
  FILE_OPTIONS,
  FOLLOW_UP_OWN_OPTIONS,
  GROUPS_OWN_OPTIONS,
  JSON_OPTIONS,
  LOG_OPTIONS,
  MERGE_OWN_OPTIONS,
  NOTIFY_OPTIONS,
  ONLINE_OPTIONS,
  PROGRESS_OPTIONS,
  REACH_OPTIONS,
  SAFETY_OPTIONS,
  SELECTION_OPTIONS,
  SHARD_OPTIONS,
  SUMMARY_OPTIONS,
} from './options.ts';
import { PACE_OPTIONS } from './pace-options.ts';
import type { FlagsOf } from './typed-option.ts';

export const RUN_OPTIONS = {
  ...COHORT_OPTIONS,
  ...FILE_OPTIONS,
  ...NOTIFY_OPTIONS,
  ...API_OPTIONS,
  ...PACE_OPTIONS,
  ...SELECTION_OPTIONS,
  ...SAFETY_OPTIONS,
  ...LOG_OPTIONS,
  ...PROGRESS_OPTIONS,
};

export const CHECK_OPTIONS = {
  ...COHORT_OPTIONS,
  output: FILE_OPTIONS.output,
  excel: FILE_OPTIONS.excel,
  ...ONLINE_OPTIONS,
  ...REACH_OPTIONS,
  careful: PACE_OPTIONS.careful,
  maxRate: PACE_OPTIONS.maxRate,
  gap: PACE_OPTIONS.gap,
  dailyCap: PACE_OPTIONS.dailyCap,
  hours: PACE_OPTIONS.hours,
  timeZone: PACE_OPTIONS.timeZone,
  batchSize: PACE_OPTIONS.batchSize,
  ...SHARD_OPTIONS,
  ...ENDING_OPTIONS,
  ...JSON_OPTIONS,
  ...LOG_OPTIONS,
};

export const FOLLOW_UP_OPTIONS = {
  ...FOLLOW_UP_OWN_OPTIONS,
  toDo: FILE_OPTIONS.toDo,
  summaryJson: SUMMARY_OPTIONS.summaryJson,
  ...NOTIFY_OPTIONS,
  ...REACH_OPTIONS,
  ...ENDING_OPTIONS,
  ...JSON_OPTIONS,
  ...LOG_OPTIONS,
};

export const GROUPS_OPTIONS = {
  ...GROUPS_OWN_OPTIONS,
  ...REACH_OPTIONS,
  ...JSON_OPTIONS,
  ...LOG_OPTIONS,
};

export const REPORT_OPTIONS = { report: FILE_OPTIONS.report, toDo: FILE_OPTIONS.toDo, ...JSON_OPTIONS };

export const MERGE_OPTIONS = {
  ...MERGE_OWN_OPTIONS,
  ...COHORT_OPTIONS,
  ...ENDING_OPTIONS,
  ...JSON_OPTIONS,
};

export const REBUILD_OPTIONS = {
  ledger: FILE_OPTIONS.ledger,
  phone: REACH_OPTIONS.phone,
  baseUrl: REACH_OPTIONS.baseUrl,
  sandbox: REACH_OPTIONS.sandbox,
  ...SHARD_OPTIONS,
};

export type CohortFlags = FlagsOf<typeof COHORT_OPTIONS>;
export type RunFlags = FlagsOf<typeof RUN_OPTIONS>;
export type CheckFlags = FlagsOf<typeof CHECK_OPTIONS>;
export type FollowUpFlags = FlagsOf<typeof FOLLOW_UP_OPTIONS>;
export type GroupsFlags = FlagsOf<typeof GROUPS_OPTIONS>;
export type ReportFlags = FlagsOf<typeof REPORT_OPTIONS>;
export type MergeFlags = FlagsOf<typeof MERGE_OPTIONS>;
export type RebuildFlags = FlagsOf<typeof REBUILD_OPTIONS>;
