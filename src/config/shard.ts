/** Shard of a command: from `--shard`, or from a Kubernetes Indexed Job. */
import { parseShard, type Shard, shardFile, shardText } from '../domain/shard.ts';
import { type Env, usage } from './api.ts';
import type { RunFlags } from './flags.ts';

/** Variable that Kubernetes sets in the pods of an Indexed Job; counted from 0. */
const JOB_INDEX = 'JOB_COMPLETION_INDEX';
const SHARDS = 'GROUP_ONBOARD_SHARDS';

/**
 * Shard of this command; undefined: the whole cohort. `--shard` (or GROUP_ONBOARD_SHARD) wins. Without it,
 * GROUP_ONBOARD_SHARDS gives the number of shards, and JOB_COMPLETION_INDEX the index of this one.
 * @throws OnboardError CONFIG where the shard is ambiguous
 */
export function shardConfig(flags: Partial<Pick<RunFlags, 'shard'>>, env: Env): Shard | undefined {
  const given = flags.shard;
  const shards = env[SHARDS]?.trim() || undefined;
  if (given !== undefined) {
    // A flag wins over the environment; two variables that disagree are a mistake.
    const both = shards !== undefined && env['GROUP_ONBOARD_SHARD'] === shardText(given);
    if (both && Number(shards) !== given.count)
      throw usage(`GROUP_ONBOARD_SHARD=${shardText(given)} and ${SHARDS}=${shards} disagree: unset one`);
    return given;
  }
  if (shards === undefined) return undefined;
  const index = env[JOB_INDEX]?.trim() || undefined;
  if (index === undefined) {
    throw usage(
      `${SHARDS}=${shards}, and no ${JOB_INDEX} says which of them this is: give --shard, like 1/4`,
    );
  }
  if (!/^\d+$/.test(shards) || Number(shards) < 1) {
    throw usage(`${SHARDS}=${shards} is not a number of shards: write a whole number, like 4`);
  }
  if (!/^\d+$/.test(index)) throw usage(`${JOB_INDEX}=${index} is not a number: it counts pods from 0`);
  if (Number(index) >= Number(shards)) {
    throw usage(
      `${JOB_INDEX}=${index} is beyond ${SHARDS}=${shards}: pods count from 0, so the Job needs completions: ${shards}`,
    );
  }
  try {
    return parseShard(`${Number(index) + 1}/${Number(shards)}`);
  } catch (error) {
    throw usage(`${SHARDS}: ${(error as Error).message}`);
  }
}

/** Warning for a pod of an Indexed Job that takes the whole cohort: every other pod does the same work. */
export function wholeCohortInPod(shard: Shard | undefined, env: Env): string | undefined {
  if (shard !== undefined || !env[JOB_INDEX]?.trim()) return undefined;
  return `${JOB_INDEX} is set and ${SHARDS} is not: this pod takes the whole cohort, as every pod of the Job does`;
}

/** Function from a path to the command's file name: the path itself, or its shard's. */
export function fileNames(shard: Shard | undefined): (path: string) => string {
  if (shard === undefined) return (path) => path;
  return (path) => {
    try {
      return shardFile(path, shard);
    } catch (error) {
      throw usage(`${(error as Error).message}, and this is ${shardText(shard)}: give another file`);
    }
  };
}
