# Completion of rolecall in bash, with or without the package bash-completion. What there is to
# complete is read from the program's own --help, so that it is that program's, whatever its version.

# Sets `type` to what the help `$1` says that the flag `$2` takes, and `flags` to all flags.
_rolecall_flags() {
  local line
  while IFS= read -r line; do
    [[ $line =~ ^\ \ (-h,\ )?(--[a-z0-9-]+)(\ ([^ ]+))? ]] || continue
    flags+=("${BASH_REMATCH[2]}")
    if [[ ${BASH_REMATCH[2]} == "$2" ]]; then type=${BASH_REMATCH[4]}; fi
  done <<<"$1"
}

_rolecall() {
  local program=${COMP_WORDS[0]/#\~\//$HOME/} command=${COMP_WORDS[1]}
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
  local help type='' i config=() flags=() commands
  COMPREPLY=()

  # bash takes --flag=value apart.
  if [[ $cur == = ]]; then
    cur=
  elif [[ $prev == = ]] && ((COMP_CWORD > 2)); then
    prev=${COMP_WORDS[COMP_CWORD - 2]}
  fi

  if ((COMP_CWORD == 1)) || [[ $command == help ]]; then
    commands=$("$program" --help 2>/dev/null | sed -n 's/^  \([a-z][a-z-]*\)  .*/\1/p')
    if ((COMP_CWORD == 1)); then commands+=' help --help --version'; fi
    if ((COMP_CWORD <= 2)); then mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$cur"); fi
    return
  fi

  for ((i = 2; i < COMP_CWORD; ++i)); do
    case ${COMP_WORDS[i]} in
      --)
        # The command of exec, and then whatever that takes.
        if ((COMP_CWORD == i + 1)); then
          mapfile -t COMPREPLY < <(compgen -c -- "$cur")
        elif declare -F _comp_command_offset >/dev/null; then
          _comp_command_offset $((i + 1))
        elif declare -F _command_offset >/dev/null; then
          _command_offset $((i + 1))
        else
          compopt -o default
        fi
        return
        ;;
      --config)
        config=(--config "${COMP_WORDS[i + 1]}")
        if [[ ${config[1]} == = ]]; then config[1]=${COMP_WORDS[i + 2]}; fi
        config[1]=${config[1]/#\~\//$HOME/}
        ;;
    esac
  done

  help=$("$program" "$command" --help 2>/dev/null </dev/null)
  _rolecall_flags "$help" "$prev"
  if [[ $type == FILE ]]; then
    compopt -o default
  elif [[ $type == DIR ]]; then
    compopt -o dirnames
  elif [[ $type == *'|'* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "${type//|/ }" -- "$cur")
  elif [[ $type && $prev == --binding ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$("$program" bindings --names "${config[@]}" 2>/dev/null)" -- "$cur")
  elif [[ ! $type ]]; then
    # "Usage: rolecall cache list|clear"
    commands=$(sed -n 's/^Usage: rolecall [a-z-]* \([a-z|]*\)$/\1/p' <<<"$help")
    flags+=(${commands//|/ })
    mapfile -t COMPREPLY < <(compgen -W "${flags[*]}" -- "$cur")
  fi
}

complete -F _rolecall rolecall aws_signing_helper
