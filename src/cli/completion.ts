/**
 * Scripts for tab completion in bash and zsh: commands, options, and the names that a server offers.
 *
 * Options may stand anywhere, so that what is completed depends on how many operands stand before it. Bash takes words
 * apart at colons too, as in every URL: its script joins what no space separates, and gives what follows the last colon.
 * What bash is given stands in the line as it is, so that a name with characters of the shell is quoted; zsh quotes by
 * itself.
 */

import { COMMANDS, OPTIONS, UsageError } from './usage.ts'

/** Commands whose second operand is the name of something that the server has. */
const NAMED = 'call|read|prompt'
/** How long the server may take. */
const SECONDS = 3

/** The options that are followed by a value, as a pattern of both shells. */
function withValues(): string {
  return Object.entries(OPTIONS)
    .filter(([, option]) => 'value' in option)
    .flatMap(([name, option]) => [`--${name}`, ...('short' in option ? [`-${option.short}`] : [])])
    .join('|')
}

export function completionScript(shell: string | undefined): string {
  const commands = Object.keys(COMMANDS).join(' ')
  const options = Object.keys(OPTIONS)
    .map((name) => `--${name}`)
    .join(' ')
  switch (shell) {
    case 'bash':
      return `_barewire() {
  local rest="$COMP_LINE" piece word i
  local -a words operands=()
  for ((i = 0; i <= COMP_CWORD; i++)); do
    piece="\${COMP_WORDS[i]}"
    if ((i == 0)) || [[ "$rest" == [[:space:]]* || -z "$rest" && "$COMP_LINE" == *[[:space:]] ]]; then words+=("$piece")
    else words[\${#words[@]} - 1]+="$piece"; fi
    rest="\${rest#"\${rest%%[![:space:]]*}"}"
    rest="\${rest#"$piece"}"
  done
  word="\${words[\${#words[@]} - 1]}"
  for ((i = 1; i < \${#words[@]} - 1; i++)); do
    case "\${words[i]}" in
      ${withValues()}) ((i++)) ;;
      -*) ;;
      *) operands+=("\${words[i]}") ;;
    esac
  done
  COMPREPLY=()
  # The value of an option.
  ((i == \${#words[@]})) && return
  if [[ "$word" == -* ]]; then COMPREPLY=($(compgen -W '${options}' -- "$word"))
  elif ((\${#operands[@]} == 0)); then COMPREPLY=($(compgen -W '${commands}' -- "$word"))
  elif [[ "\${operands[0]}" == completion ]]; then COMPREPLY=($(compgen -W 'bash zsh' -- "$word"))
  elif ((\${#operands[@]} == 2)) && [[ "\${operands[0]}" =~ ^(${NAMED})$ ]]; then
    # A server chooses the names: they are compared and quoted as text, and never given to compgen -W, which expands them.
    local name quoted
    while IFS= read -r name; do
      printf -v quoted %q "$name"
      [[ "$name" == "$word"* || "$quoted" == "$word"* ]] && COMPREPLY+=("\${quoted#"\${word%"\${word##*:}"}"}")
    done < <(barewire names "\${operands[1]}" "\${operands[0]}" --timeout ${SECONDS} 2>/dev/null)
  fi
}
complete -F _barewire barewire`
    case 'zsh':
      return `#compdef barewire
_barewire() {
  local -a operands
  local i
  for ((i = 2; i < CURRENT; i++)); do
    case "$words[i]" in
      ${withValues()}) ((i++)) ;;
      -*) ;;
      *) operands+=("$words[i]") ;;
    esac
  done
  # The value of an option.
  ((i > CURRENT)) && return
  if [[ "$PREFIX" == -* ]]; then compadd -- ${options}
  elif (($#operands == 0)); then compadd -- ${commands}
  elif [[ "$operands[1]" == completion ]]; then compadd -- bash zsh
  elif (($#operands == 2)) && [[ "$operands[1]" =~ '^(${NAMED})$' ]]; then
    compadd -- "\${(@f)$(barewire names "$operands[2]" "$operands[1]" --timeout ${SECONDS} 2>/dev/null)}"
  fi
}
compdef _barewire barewire`
    default:
      throw new UsageError(`completion needs bash or zsh; got ${JSON.stringify(shell ?? '')}`)
  }
}
