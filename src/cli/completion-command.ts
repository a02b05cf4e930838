import { Argument, Command } from 'commander';
import type { Io } from '../app/io.ts';
import { EXIT, type ExitCode } from '../domain/errors.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;

type Entry = ReturnType<typeof entries>[number];

function entries(root: Command) {
  return root.commands.map((command) => ({
    name: command.name(),
    summary: command.summary() || command.description(),
    flags: [
      ...command.options.flatMap(({ long, description }) =>
        long ? [{ flag: long, does: description }] : [],
      ),
      { flag: '--help', does: 'show the help of this command' },
    ],
  }));
}

function bash(commands: readonly Entry[]): string {
  const cases = commands.map(
    ({ name, flags }) => `    ${name}) words="${flags.map(({ flag }) => flag).join(' ')}" ;;`,
  );
  return `_group_onboard() {
  local current="\${COMP_WORDS[COMP_CWORD]}" words
  case "\${COMP_WORDS[1]}" in
${cases.join('\n')}
    *) words="${commands.map(({ name }) => name).join(' ')}" ;;
  esac
  if [ "$COMP_CWORD" -eq 1 ]; then words="${commands.map(({ name }) => name).join(' ')} --help --version"; fi
  case "$current" in
    -*) COMPREPLY=($(compgen -W "$words" -- "$current")) ;;
    *) if [ "$COMP_CWORD" -eq 1 ]; then COMPREPLY=($(compgen -W "$words" -- "$current")); else COMPREPLY=($(compgen -f -- "$current")); fi ;;
  esac
}
complete -o filenames -F _group_onboard group-onboard
`;
}

const quoted = (text: string) => text.replaceAll("'", '’').replace(/[[\]:]/g, ' ');

function zsh(commands: readonly Entry[]): string {
  const cases = commands.map(({ name, flags }) => {
    const list = flags.map(({ flag, does }) => `'${flag}[${quoted(does)}]'`).join(' ');
    return `    ${name}) _arguments ${list} '*:file:_files' ;;`;
  });
  return `#compdef group-onboard
_group_onboard() {
  if (( CURRENT == 2 )); then
    local -a commands=(${commands.map(({ name, summary }) => `'${name}:${quoted(summary)}'`).join(' ')})
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words; (( CURRENT-- ))
  case $command in
${cases.join('\n')}
  esac
}
compdef _group_onboard group-onboard
`;
}

function fish(commands: readonly Entry[]): string {
  const lines = commands.flatMap(({ name, summary, flags }) => [
    `complete -c group-onboard -n __fish_use_subcommand -f -a ${name} -d '${quoted(summary)}'`,
    ...flags.map(
      ({ flag, does }) =>
        `complete -c group-onboard -n '__fish_seen_subcommand_from ${name}' -l ${flag.slice(2)} -d '${quoted(does)}'`,
    ),
  ]);
  return `${lines.join('\n')}\n`;
}

/** `completion`: a shell script generated from the commands and flags, so that it is always up to date. */
export function completionCommand(io: Io, done: (exit: ExitCode) => void): Command {
  const command = new Command('completion')
    .summary('print a completion script for your shell')
    .description('Prints a completion script, for example: group-onboard completion bash >> ~/.bashrc')
    .addArgument(new Argument('<shell>').choices(SHELLS));
  return command.action((shell: (typeof SHELLS)[number]) => {
    const made = entries(command.parent ?? command);
    io.stdout.write({ bash, zsh, fish }[shell](made));
    done(EXIT.ok);
  });
}
