/** What bash reads: nothing beside bash itself is needed, and what was typed is passed on, never evaluated. */

/** The completions of bash. */
export const bash = `# bash completion for callboard
_callboard() {
  local words=("\${COMP_WORDS[@]:1:COMP_CWORD}") line value
  COMPREPLY=()
  while IFS= read -r line; do
    [[ $line == :* ]] && continue
    value=\${line%%$'\\t'*}
    [[ $value == "\${COMP_WORDS[COMP_CWORD]}"* ]] && COMPREPLY+=("$value")
  done < <(callboard complete -- "\${words[@]}" 2>/dev/null)
}
complete -o default -F _callboard callboard
`
