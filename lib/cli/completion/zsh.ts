// The completion script for zsh: loaded with `source` after compinit, or found by compinit as `_runlet` in a folder of fpath.
import { ASK } from './ask.ts'

export const zshScript = `#compdef runlet
# zsh completion for runlet, written by: runlet completion zsh

_runlet() {
  local -a answer values
  local line value about
  answer=("\${(@f)$(command runlet ${ASK} -- "\${(@Q)words[2,CURRENT-1]}" "\${(Q)PREFIX}" 2>/dev/null)}")
  case $answer[1] in
    values)
      for line in "\${(@)answer[2,-1]}"; do
        value=\${line%%$'\\t'*}
        about=\${line#*$'\\t'}
        values+=("\${value//:/\\\\:}\${about:+:$about}")
      done
      _describe -t values 'runlet' values
      ;;
    files|folders)
      # Of --html=FILE, the file alone.
      [[ $PREFIX == --*=* ]] && compset -P '*='
      if [[ $answer[1] == files ]]; then _files; else _files -/; fi
      ;;
    command\\ *)
      shift \${answer[1]#command } words
      (( CURRENT -= \${answer[1]#command } ))
      _normal
      ;;
  esac
}

# Called by the completion system itself where it was found in fpath.
if [[ $funcstack[1] == _runlet ]]; then
  _runlet "$@"
else
  compdef _runlet runlet
fi
`
