/** commander options with the type of their value. */
import { type Command, Option } from 'commander';
import { valued } from './values.ts';

/** An option, and the type of its flag after parsing. */
export interface Typed<T> {
  readonly option: Option;
  /** For the type only: never set. */
  readonly holds?: T;
}

/** Options by the name that commander gives their flags. */
type Table = Readonly<Record<string, Typed<unknown>>>;

type Held<Option> = Option extends Typed<infer T> ? T : never;

/** Parsed flags of a table of options. A flag without a default is missing if it is not given. */
export type FlagsOf<Options> = {
  readonly [Name in keyof Options as undefined extends Held<Options[Name]> ? never : Name]: Held<
    Options[Name]
  >;
} & {
  readonly [Name in keyof Options as undefined extends Held<Options[Name]> ? Name : never]?: Held<
    Options[Name]
  >;
};

/** Adds options to a command, in the table's order. */
export function addOptions(command: Command, options: Table): Command {
  for (const { option } of Object.values(options)) command.addOption(option);
  return command;
}

/** Flags of a command that has these options. */
export function flagsOf<Options extends Table>(command: Command, _options: Options): FlagsOf<Options> {
  return command.opts<FlagsOf<Options>>();
}

/** `--daily-cap` → `GROUP_ONBOARD_DAILY_CAP`, `--no-precheck` → `GROUP_ONBOARD_NO_PRECHECK`. */
export function variableOf(option: Option): string {
  return `GROUP_ONBOARD_${(option.long ?? '').replace(/^--/, '').replaceAll('-', '_').toUpperCase()}`;
}

/** Whether a flag takes no value. Includes `--no-…`, which commander's isBoolean() leaves out. */
export function isSwitch(option: Option): boolean {
  return !option.required && !option.optional;
}

/**
 * Option that `GROUP_ONBOARD_<FLAG>` can set; a flag wins over the environment, which wins over the default.
 * environment.ts reads the variable of a switch without a value, because commander would take `false` for set, and our
 * variable of a flag that also has one of the vendor's.
 */
export function named(flags: string, description: string, group: string): Option {
  const made = new Option(flags, description).helpGroup(group);
  return isSwitch(made) ? made : made.env(variableOf(made));
}

export function text(flags: string, description: string, group: string): Typed<string | undefined> {
  return { option: named(flags, description, group) };
}

export function toggle(flags: string, description: string, group: string): Typed<boolean | undefined> {
  return { option: named(flags, description, group) };
}

/** Flag with a parser; the parser throws RangeError. */
export function value<T>(
  flags: string,
  description: string,
  group: string,
  parse: (text: string) => T,
): Typed<T | undefined> {
  return { option: named(flags, description, group).argParser(valued(parse)) };
}

/**
 * `value` with a default.
 * @param shown default as help writes it
 */
export function valueOr<T>(
  flags: string,
  description: string,
  group: string,
  parse: (text: string) => T,
  otherwise: T,
  shown?: string,
): Typed<T> {
  const { option } = value(flags, description, group, parse);
  return { option: option.default(otherwise, shown) };
}

export function choice<Choice extends string>(
  flags: string,
  description: string,
  group: string,
  choices: readonly Choice[],
): Typed<Choice | undefined> {
  return { option: named(flags, description, group).choices(choices) };
}

export function choiceOr<Choice extends string>(
  flags: string,
  description: string,
  group: string,
  choices: readonly Choice[],
  otherwise: NoInfer<Choice>,
): Typed<Choice> {
  return { option: named(flags, description, group).choices(choices).default(otherwise) };
}
