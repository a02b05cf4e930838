/** Meaning and remedy of each status. README and `explain` read this one table. */
import type { Reason } from './reasons.ts';
import type { Status } from './words.ts';

export const STATUS_WORDS: Readonly<Record<Status, Reason>> = {
  added: { meaning: 'in the group now', advice: 'nothing' },
  invited: {
    meaning: 'WhatsApp sent them an invite, which they must accept. An accepted request is not a member yet',
    advice: 'wait; remind them yourself',
  },
  joined: { meaning: 'an invited person has come in', advice: 'nothing' },
  left: {
    meaning: 'was in the group, and has left it or was removed since (`follow-up` finds out)',
    advice: 'ask them yourself: neither a rerun nor `--retry` asks them again',
  },
  already_member: { meaning: 'was in the group before', advice: 'nothing' },
  duplicate: { meaning: 'the same person and group as an earlier row', advice: 'nothing' },
  invalid: {
    meaning: 'the row cannot be read with certainty; nobody was asked',
    advice: 'correct the row, run the same command again',
  },
  failed: {
    meaning: 'the API or WhatsApp refused; `reason_code` and `message` say why',
    advice: '`explain` and the reason code; `--retry failed` asks again',
  },
  unknown: {
    meaning:
      'asked, but the answer was lost, and the group does not list the person. They may have got an invite',
    advice: '`follow-up` looks again; `--retry unknown` asks again',
  },
  not_attempted: {
    meaning: 'the run stopped before this row',
    advice: 'run the same command again',
  },
  planned: { meaning: 'would be asked (`--dry-run`, `check --output`)', advice: 'nothing' },
};
