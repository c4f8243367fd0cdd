// The completion script for bash, from 3.2 on (macOS, where only files are not completed): bash-completion is used where it is loaded,
// and not needed.
import { ASK } from './ask.ts'

export const bashScript = `# bash completion for runlet, written by: runlet completion bash

_runlet() {
  local rest=\${COMP_LINE:0:COMP_POINT} words=() starts=() word i kind line value
  # Readline parts words at "=" and ":" too; for runlet, what no blank parts is one word.
  for ((i = 0; i <= COMP_CWORD; i++)); do
    if [[ $i -eq 0 || $rest == [[:space:]]* ]]; then
      rest=\${rest#"\${rest%%[![:space:]]*}"}
      words[\${#words[@]}]=
      starts[\${#starts[@]}]=$i
    fi
    word=\${COMP_WORDS[i]}
    # The last one counts up to the cursor.
    [[ $i -eq $COMP_CWORD ]] && word=$rest
    words[\${#words[@]} - 1]+=\${word//[\\"\\'\\\\]/}
    rest=\${rest#"$word"}
  done

  COMPREPLY=()
  local current=\${words[\${#words[@]} - 1]}
  # Of the word at the cursor, what stands before the part that readline replaces.
  local before=\${current%"$2"}
  {
    IFS= read -r kind
    case $kind in
      values)
        while IFS= read -r line; do
          value=\${line%%$'\\t'*}
          [[ $value == "$current"* ]] && COMPREPLY[\${#COMPREPLY[@]}]=\${value#"$before"}
        done
        ;;
      files) compopt -o default 2>/dev/null ;;
      folders) compopt -o dirnames 2>/dev/null ;;
      command\\ *)
        i=\${starts[\${kind#command }]:-$COMP_CWORD}
        if declare -F _command_offset >/dev/null; then
          _command_offset "$i"
        elif [[ $i -eq $COMP_CWORD && $2 != */* ]]; then
          while IFS= read -r value; do COMPREPLY[\${#COMPREPLY[@]}]=$value; done < <(compgen -A command -- "$2")
        else
          compopt -o default 2>/dev/null
        fi
        ;;
    esac
  } < <(command runlet ${ASK} -- "\${words[@]:1}" 2>/dev/null)
}
complete -F _runlet runlet
`
