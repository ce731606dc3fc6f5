/** Scripts for tab completion in bash and zsh: commands, options, and the names that a server offers. */

import { COMMANDS, OPTIONS, UsageError } from './usage.ts'

/** Commands whose second operand is the name of something that the server has. */
const NAMED = 'call|read|prompt'

export function completionScript(shell: string | undefined): string {
  const commands = Object.keys(COMMANDS).join(' ')
  const options = Object.keys(OPTIONS)
    .map((name) => `--${name}`)
    .join(' ')
  switch (shell) {
    case 'bash':
      return `_barewire() {
  local word="\${COMP_WORDS[COMP_CWORD]}" command="\${COMP_WORDS[1]}"
  COMPREPLY=()
  if [[ "$word" == -* ]]; then COMPREPLY=($(compgen -W '${options}' -- "$word"))
  elif ((COMP_CWORD == 1)); then COMPREPLY=($(compgen -W '${commands}' -- "$word"))
  elif [[ "$command" == completion ]]; then COMPREPLY=($(compgen -W 'bash zsh' -- "$word"))
  elif ((COMP_CWORD == 3)) && [[ "$command" =~ ^(${NAMED})$ ]]; then
    local IFS=$'\\n'
    COMPREPLY=($(compgen -W "$(barewire names "\${COMP_WORDS[2]}" "$command" --timeout 3 2>/dev/null)" -- "$word"))
  fi
}
complete -F _barewire barewire`
    case 'zsh':
      return `#compdef barewire
_barewire() {
  if [[ "$PREFIX" == -* ]]; then compadd -- ${options}
  elif ((CURRENT == 2)); then compadd -- ${commands}
  elif [[ "$words[2]" == completion ]]; then compadd -- bash zsh
  elif ((CURRENT == 4)) && [[ "$words[2]" =~ '^(${NAMED})$' ]]; then
    compadd -- "\${(@f)$(barewire names "$words[3]" "$words[2]" --timeout 3 2>/dev/null)}"
  fi
}
compdef _barewire barewire`
    default:
      throw new UsageError(`completion needs bash or zsh; got ${JSON.stringify(shell ?? '')}`)
  }
}
