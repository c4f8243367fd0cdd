// The completion script for fish.
import { ASK } from './ask.ts'

export const fishScript = `# fish completion for runlet, written by: runlet completion fish

function __runlet_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l answer (command runlet ${ASK} -- $words[2..-1] "$current" 2>/dev/null)
    or return
    # Of --html=FILE, the file alone.
    set -l option (string match -r -- '^--[^=]+=' "$current")
    set -l path (string replace -r -- '^--[^=]+=' '' "$current")
    switch "$answer[1]"
        case values
            printf '%s\\n' $answer[2..-1]
        case files
            printf "$option%s\\n" (__fish_complete_path "$path")
        case folders
            printf "$option%s\\n" (__fish_complete_directories "$path")
        case 'command *'
            set -l from (math (string replace 'command ' '' "$answer[1]") + 1)
            set -l before (string escape -- $words[$from..-1])
            complete -C (string join ' ' -- $before "$current")
    end
end
complete -c runlet -f -a '(__runlet_complete)'
`
