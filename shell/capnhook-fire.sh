# shellcheck shell=sh
#
# capnhook_fire HOOK FILE|-
#
# Queues an event as `capnhook fire` does, without Node. Exit 0 means that the
# event is durable, any other code that nothing was queued. For dash, bash, busybox
# ash and zsh. `capnhook shellenv` prints these functions without the comments,
# which an interactive zsh would not accept.
#
# Everything runs in a command substitution. It costs one fork. The caller keeps
# its options, umask, traps, IFS and variables, and error messages of programs are
# captured, which tell a full disk from a broken one. The last line of the output
# is the event's id, or the kind of failure:
#
#   =CODE   exit code; the lines before are the message
#   ?74     a call on the spool failed; the line before is its error
#   ?66     a call that reads the payload failed; the line before is its error
#
# Starting a program costs as much as everything else together. So builtins do
# what they can, and programs run outside of $(…), where dash uses vfork.

capnhook_fire() {
  # With standard input closed, bash gives its number to the pipe of $(…), and - would read our own output.
  if { [ "$#" -ge 0 ] 9<&0; } 2> /dev/null; then
    set -- "$(__capnhook_queue "$@")" '
' "$@"
  else
    set -- "$(__capnhook_queue "$@" < /dev/null)" '
' "$@"
  fi
  case ${1##*"$2"} in
    evt_??????????????????????????) __capnhook_queued "$@" || : ;;
    *) (__capnhook_refused "$@") ;;
  esac
}

# Prints the id on a terminal, and passes on warnings of programs that succeeded.
__capnhook_queued() {
  [ ! -t 1 ] || printf '%s\n' "${1##*"$2"}"
  [ "$1" = "$2${1##*"$2"}" ] || printf '%s' "${1%"$2"*}" >&2
}

# The steps of an event into the spool. Each exits if it fails.
__capnhook_queue() {
  # With standard output closed by the caller, dash would close the pipe after the first redirection.
  exec 2>&1 1>&2
  __capnhook_be_plain
  __capnhook_check_usage "$@"
  ch_hook=$1 ch_payload=$2
  __capnhook_check_hook
  __capnhook_check_payload
  __capnhook_open_spool
  __capnhook_create_file
  __capnhook_write_event
  __capnhook_publish
}

# Resets the options, traps and functions that a forked shell has inherited.
__capnhook_be_plain() {
  [ -z "${ZSH_VERSION-}" ] || emulate sh
  { set +e +f +u +x -C; } 2> /dev/null
  # shellcheck disable=SC3047 # bash has them, and hands them down after set -ET
  [ -z "${BASH_VERSION-}" ] || trap - DEBUG ERR RETURN
  unset -f '[' command printf read umask
  IFS=' '
  LC_ALL=C
  export LC_ALL
}

# $1: the exit code, $2: the message, $3: a hint.
__capnhook_fail() {
  printf 'capnhook: %s\n' "$2"
  [ -z "${3-}" ] || printf '  %s\n' "$3"
  printf '=%s\n' "$1"
  exit "$1"
}

# $1: the exit code if the error is unknown.
__capnhook_fail_as_told() {
  printf '\n?%s\n' "$1"
  exit "$1"
}

__capnhook_check_usage() {
  ch_hint='capnhook_fire HOOK FILE, or - for standard input'
  case ${1-} in
    -*) __capnhook_fail 64 'Cannot fire: capnhook_fire takes no options' "$ch_hint" ;;
  esac
  case $# in
    0) __capnhook_fail 64 'Cannot fire: no hook is given' "$ch_hint" ;;
    1) __capnhook_fail 64 'Cannot fire: there is no payload' "$ch_hint" ;;
    2) ;;
    *) __capnhook_fail 64 'Cannot fire: there are too many arguments' 'Quote an argument with spaces in it.' ;;
  esac
}

# The rule of src/event/hook-name.ts.
__capnhook_check_hook() {
  case $ch_hook in
    '' | [!A-Za-z0-9_]* | *[!A-Za-z0-9_.-]* | *..*) ;;
    *) [ "${#ch_hook}" -gt 128 ] || return 0 ;;
  esac
  case $ch_hook in
    *://*) __capnhook_fail 64 'Cannot fire: capnhook_fire takes the name of a hook, not a URL' 'capnhook fire takes URLs.' ;;
    *[/?@]* | [Hh][Tt][Tt][Pp]:* | [Hh][Tt][Tt][Pp][Ss]:*) ch_shown='what was given' ;;
    *) __capnhook_quote "$ch_hook" 'what was given' ;;
  esac
  __capnhook_fail 64 "Cannot fire: $ch_shown is not a hook's name" \
    'A name has letters, digits, "_", "." and "-", at most 128 of them, begins with a letter, digit or "_", and has no "..".'
}

# Sets ch_shown to $1 in quotes, or to $2 if it must not be shown on a terminal.
__capnhook_quote() {
  case $1 in
    *[!\ -~]* | *[\"\\]*) ch_shown=$2 ;;
    *) ch_shown="\"$1\"" ;;
  esac
  [ "${#1}" -le 200 ] || ch_shown=$2
}

__capnhook_check_payload() {
  [ "$ch_payload" != - ] || return 0
  if [ -d "$ch_payload" ]; then
    __capnhook_fail_to_read 66 'it is a directory'
  elif [ -r "$ch_payload" ]; then
    return 0
  elif [ -e "$ch_payload" ] || __capnhook_is_hidden "$ch_payload"; then
    __capnhook_fail_to_read 77 'permission denied'
  else
    __capnhook_fail_to_read 66 'there is no such file'
  fi
}

# $1: the exit code, $2: the reason. The argument may be a payload or a URL by mistake; both may be secret.
__capnhook_fail_to_read() {
  ch_hint=''
  __capnhook_quote "$ch_payload" 'the file that was named'
  case $ch_payload in
    -) ch_shown='standard input' ;;
    '['* | *'{'* | *'"'*)
      ch_shown='the file that was named'
      ch_hint='It looks like JSON: pipe it into capnhook_fire HOOK -'
      ;;
    *://* | [Hh][Tt][Tt][Pp]:* | [Hh][Tt][Tt][Pp][Ss]:*) ch_shown='a URL' ;;
    */*)
      # A URL without its scheme; or a directory, which does no harm.
      case ${ch_payload%%/*} in
        ?*.*) ch_shown='a URL' ;;
      esac
      ;;
  esac
  [ "$ch_shown" != 'a URL' ] || ch_hint='It looks like a URL: capnhook fire takes those.'
  __capnhook_fail "$1" "Cannot read the payload from $ch_shown: $2" "$ch_hint"
}

# Whether the existence of $1 is unknown, because a parent directory may not be searched.
__capnhook_is_hidden() {
  ch_above=$1
  while [ ! -e "$ch_above" ]; do
    case $ch_above in
      ?*/*) ch_above=${ch_above%/*} ;;
      *) return 1 ;;
    esac
  done
  [ -d "$ch_above" ] && [ ! -x "$ch_above" ]
}

__capnhook_open_spool() {
  __capnhook_find_spool ||
    __capnhook_fail 73 'Cannot tell where your files are: neither HOME nor XDG_STATE_HOME is set' \
      'Set HOME, or name the spool with CAPNHOOK_SPOOL.'
  __capnhook_check_spool_path
  [ -e "$ch_spool/VERSION" ] || __capnhook_make_spool
  ch_version=''
  [ ! -r "$ch_spool/VERSION" ] || read -r ch_version < "$ch_spool/VERSION"
  [ "$ch_version" != 'capnhook-spool 1' ] || return 0
  [ -r "$ch_spool/VERSION" ] ||
    __capnhook_fail 77 "Cannot create or open the spool: permission denied (EACCES, spool $ch_spool)" \
      'Run it as the user who owns the spool, or choose another spool.'
  __capnhook_quote "$ch_version" 'something else'
  __capnhook_fail 73 "Cannot use the spool $ch_spool: its VERSION is $ch_shown, not \"capnhook-spool 1\"" \
    'A newer capnhook made it. Update this one, or choose another spool.'
}

# Sets ch_spool, and ch_source to its origin, as src/config/paths.ts does. @returns 1 without a home directory
__capnhook_find_spool() {
  ch_source=CAPNHOOK_SPOOL
  ch_spool=${CAPNHOOK_SPOOL-}
  [ -n "$ch_spool" ] || case ${XDG_STATE_HOME-} in
    /*) ch_spool=$XDG_STATE_HOME/capnhook/spool ch_source=XDG_STATE_HOME ;;
    *)
      ch_source=HOME
      ch_home=${HOME:-$(command getent passwd "$(command id -u)" | command cut -d : -f 6)}
      [ -n "$ch_home" ] || return 1
      ch_spool=$ch_home/.local/state/capnhook/spool
      ;;
  esac
}

# The rule of src/config/paths.ts.
__capnhook_check_spool_path() {
  case $ch_spool in
    *[!\ -~]*)
      __capnhook_is_utf8 "$ch_spool" ||
        __capnhook_fail 64 "Cannot use the path in $ch_source: it is not UTF-8" \
          'Rename the directory so that its name is UTF-8, or name another one.'
      ;;
  esac
  __capnhook_quote "$ch_spool" 'that was given'
  ch_sign=''
  case $ch_spool in
    *'$'*) ch_sign='$' ;;
    '~'* | */'~'*) ch_sign='~' ;;
    /*) return 0 ;;
  esac
  [ -z "$ch_sign" ] ||
    __capnhook_fail 64 "Cannot use the path $ch_shown in $ch_source: it has a \"$ch_sign\", which was not expanded" \
      'Crontabs, systemd units and CI files do not expand it. Write the whole path.'
  __capnhook_fail 64 "Cannot use the path $ch_shown in $ch_source: it does not begin with \"/\"" \
    'It would mean another directory in each working directory. Give the whole path.'
}

# Whether $1 is UTF-8 without U+FFFD, Node's replacement for invalid bytes. See https://www.rfc-editor.org/rfc/rfc3629#section-4
__capnhook_is_utf8() {
  # shellcheck disable=SC2046 # these are the bytes, as words
  set -- $(printf %s "$1" | command od -A n -v -t u1 | command tr '\n' ' ')
  case " $* " in
    *' 239 191 189 '*) return 1 ;;
  esac
  ch_left=0 ch_low=128 ch_high=191
  for ch_byte; do
    if [ "$ch_left" -gt 0 ]; then
      [ "$ch_byte" -ge "$ch_low" ] && [ "$ch_byte" -le "$ch_high" ] || return 1
      ch_left=$((ch_left - 1)) ch_low=128 ch_high=191
    elif [ "$ch_byte" -gt 127 ]; then
      [ "$ch_byte" -ge 194 ] && [ "$ch_byte" -le 244 ] || return 1
      ch_left=$((1 + (ch_byte >= 224) + (ch_byte >= 240)))
      case $ch_byte in
        224) ch_low=160 ;;
        237) ch_high=159 ;;
        240) ch_low=144 ;;
        244) ch_high=143 ;;
      esac
    fi
  done
  [ "$ch_left" = 0 ]
}

# Creates the spool with `capnhook init`.
__capnhook_make_spool() {
  unset -f capnhook
  unalias -a
  if command -v capnhook > /dev/null; then
    command capnhook init --quiet --spool "$ch_spool" < /dev/null && return 0
    printf '=%s\n' "$?"
    exit
  fi
  ! __capnhook_is_hidden "$ch_spool/VERSION" || return 0
  __capnhook_fail 73 "Cannot open the spool: there is none yet (spool $ch_spool)" \
    'Create it with capnhook init, or put capnhook into the PATH.'
}

# Creates tmp/<random>, which must not exist yet, and reads the clock: sets ch_file, ch_entry and ch_clock.
__capnhook_create_file() {
  __capnhook_draw
  ch_file=$ch_spool/tmp/$ch_random$ch_more ch_entry=$ch_file
  # Removes the file on every exit. exec: if no process can be forked any more, rm cannot be forked either.
  trap 'exec rm -f "$ch_file" "$ch_file.in" "$ch_entry" > /dev/null 2>&1' EXIT
  umask 077
  [ ! -k "$ch_spool/tmp" ] || umask 027
  # Every shell except dash has the time in a variable. A variable that does not change was inherited from another shell.
  [ -z "${ZSH_VERSION-}" ] || zmodload zsh/datetime 2> /dev/null
  # shellcheck disable=SC3028 # without it, date tells the time
  ch_clock=${EPOCHREALTIME-}
  # shellcheck disable=SC3028
  if [ -n "$ch_clock" ] && [ "$ch_clock" != "$EPOCHREALTIME" ]; then
    command : > "$ch_file" || __capnhook_fail_as_told 74
  else
    command date +%s.%N > "$ch_file" || __capnhook_fail_as_told 74
    read -r ch_clock < "$ch_file" || __capnhook_fail_as_told 74
  fi
}

# Sets ch_random and ch_more, 48 random bits each.
__capnhook_draw() {
  ch_random='' ch_more=''
  if [ -r /proc/sys/kernel/random/uuid ]; then
    # shellcheck disable=SC2034 # some digits of a UUID are not random
    IFS=- read -r ch_random ch_second ch_third ch_fourth ch_more < /proc/sys/kernel/random/uuid
    ch_random=$ch_random$ch_second
  fi
  case $ch_random$ch_more in
    *[!0-9a-f]*) ;;
    ????????????????????????) return 0 ;;
  esac
  # shellcheck disable=SC2046 # these are the bytes, as words
  set -- $(command od -A n -N 12 -t x1 /dev/urandom)
  ch_random=${1-}${2-}${3-}${4-}${5-}${6-}
  ch_more=${7-}${8-}${9-}${10-}${11-}${12-}
  [ -n "$ch_more" ] || __capnhook_fail 75 'Cannot fire: there are no random numbers here'
}

# Writes the event as eventToBytes of src/event/record.ts does, overwriting the file.
__capnhook_write_event() {
  __capnhook_read_clock
  __capnhook_make_id
  # Only a file can be tested for emptiness, so a pipe is read into one.
  if [ ! -f "$ch_payload" ] || [ "$ch_payload" = - ]; then
    if [ "$ch_payload" = - ]; then
      command cat > "$ch_file.in"
    else
      command cat < "$ch_payload" > "$ch_file.in"
    fi || __capnhook_fail_as_told 66
    ch_payload=$ch_file.in
  fi
  [ -s "$ch_payload" ] ||
    __capnhook_fail 65 'Cannot fire this payload: it is empty' 'The command that should have written it may have failed.'
  ch_code=''
  {
    ch_code=74
    printf '{"capnhook":1,"id":"%s","hook":"%s","time":"%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",\n"payload":' \
      "$ch_id" "$ch_hook" "$ch_year" "$ch_month" "$ch_day" \
      $((ch_ms / 3600000 % 24)) $((ch_ms / 60000 % 60)) $((ch_ms / 1000 % 60)) $((ch_ms % 1000)) &&
      ch_code=66 && command cat < "$ch_payload" &&
      ch_code=74 && printf '\n}\n'
  } >| "$ch_file" || __capnhook_fail_to_write
}

# Only bash reports why a printf failed; cat detects a full disk as well. Every shell has reported why a file cannot be
# opened.
__capnhook_fail_to_write() {
  if [ "$ch_code" = 74 ] && command cat < "$ch_payload" >| "$ch_file"; then
    [ -n "${BASH_VERSION-}" ] || printf 'it cannot be written\n'
  fi
  __capnhook_fail_as_told "${ch_code:-74}"
}

# Sets ch_ms (since 1970), ch_year, ch_month and ch_day. Until the last step, years begin in March.
# See https://howardhinnant.github.io/date_algorithms.html#civil_from_days
__capnhook_read_clock() {
  ch_seconds=${ch_clock%%[!0-9]*}
  ch_fraction=${ch_clock#*[!0-9]}
  case $ch_fraction in
    [0-9][0-9][0-9]*) ch_fraction=${ch_fraction%"${ch_fraction#???}"} ;;
    # Some versions of date have no %N.
    *) ch_fraction=000 ;;
  esac
  if [ -z "$ch_seconds" ]; then
    printf 'date tells no time\n'
    __capnhook_fail_as_told 74
  fi
  ch_ms=$((ch_seconds * 1000 + 1$ch_fraction - 1000))
  ch_days=$((ch_seconds / 86400 + 719468))
  ch_era=$((ch_days / 146097))
  ch_days=$((ch_days % 146097))
  ch_year=$(((ch_days - ch_days / 1460 + ch_days / 36524 - ch_days / 146096) / 365))
  ch_days=$((ch_days - 365 * ch_year - ch_year / 4 + ch_year / 100))
  ch_month=$(((5 * ch_days + 2) / 153))
  ch_day=$((ch_days - (153 * ch_month + 2) / 5 + 1))
  ch_month=$((ch_month < 10 ? ch_month + 3 : ch_month - 9))
  ch_year=$((ch_year + ch_era * 400 + (ch_month <= 2)))
}

# Sets ch_id as createEventId of src/event/event-id.ts does: 10 digits of the time, 16 at random.
__capnhook_make_id() {
  ch_id=evt_
  ch_digits='0 1 2 3 4 5 6 7 8 9 A B C D E F G H J K M N P Q R S T V W X Y Z'
  # shellcheck disable=SC2086 # one word per digit, which no alias of zsh can match
  set -- $ch_digits
  for ch_part in "$ch_ms 45" "0x$ch_random 40" "0x$ch_more 30"; do
    ch_number=$((${ch_part% *}))
    ch_shift=${ch_part#* }
    while [ "$ch_shift" -ge 0 ]; do
      eval "ch_id=\$ch_id\${$(((ch_number >> ch_shift & 31) + 1))}"
      ch_shift=$((ch_shift - 5))
    done
  done
  case $ch_id in
    evt_[0-7]?????????????????????????) ;;
    *) __capnhook_fail 75 'Cannot fire: no id can be generated here' ;;
  esac
}

# Makes the event durable under its name. A failed sync is not repeated: a second one may succeed although data is lost.
__capnhook_publish() {
  ch_entry=$ch_spool/incoming/$ch_id.json
  ch_synced=$ch_file
  command sync "$ch_file" || __capnhook_fail_as_told 74
  command ln "$ch_file" "$ch_entry" 2> /dev/null || __capnhook_link_otherwise
  # In a shared spool, a user who may not open incoming/ relies on the fsync of the file to cover its name.
  if [ -r "$ch_spool/incoming" ]; then
    command sync "$ch_spool/incoming" "$ch_synced" || __capnhook_withdraw
  else
    command sync "$ch_synced" || __capnhook_withdraw
  fi
  trap - EXIT
  printf '\n%s\n' "$ch_id"
  exec rm -f "$ch_file" "$ch_file.in" > /dev/null 2>&1
}

# Renames if the file system has no links. Not between file systems: mv would copy there.
__capnhook_link_otherwise() {
  # shellcheck disable=SC3013 # each of these shells has -ef; an ln that was killed may have made the link
  ch_why=$(command ln "$ch_file" "$ch_entry" 2>&1) || [ "$ch_file" -ef "$ch_entry" ] || case $ch_why in
    *'not permitted' | *'ot supported' | *'not implemented' | *'oo many links')
      command mv -f "$ch_file" "$ch_entry" || __capnhook_fail_as_told 74
      ch_synced=$ch_entry
      ;;
    *)
      printf '%s\n' "$ch_why"
      __capnhook_fail_as_told 74
      ;;
  esac
}

# Durably removes the event, unless a drain has taken it in.
__capnhook_withdraw() {
  if command rm "$ch_entry" 2> /dev/null || [ -e "$ch_entry" ]; then
    __capnhook_fail_as_told 74
  fi
}

# $1: the output of __capnhook_queue, $2: a line break, $4: the payload's file. Prints the error, and exits.
__capnhook_refused() {
  __capnhook_be_plain
  ch_payload=${4-}
  case ${1##*"$2"} in
    =[1-9]*) set -- "$1" "$2" ;;
    *) set -- "$(__capnhook_explain "$@")" "$2" ;;
  esac
  printf '%s\n' "${1%"$2"*}" >&2
  exit "${1##*"="}"
}

# Translates the error message of a program or shell, as src/spool/file/disk/spool-error.ts does for errnos.
__capnhook_explain() {
  __capnhook_find_spool
  ch_step=${1##*"$2"}
  case $ch_step in
    '?66' | '?74') ch_told=${1%"$2"*} ;;
    # It was killed before it could print an error.
    *) ch_step='?74' ch_told=$1 ;;
  esac
  ch_told=${ch_told%"$2"}
  ch_told=${ch_told##*"$2"}
  case $ch_step$ch_told in
    '?66cat: write error'* | '?66cat: stdout'* | *'o space left on device' | *'uota exceeded') ;;
    '?66cat: '*) __capnhook_fail_to_read 66 "it cannot be read (${ch_told##*: })" ;;
  esac
  case $ch_told in
    '' | Killed* | *' Killed '*) set -- 75 '' 'it was cut short' ;;
    *'o space left on device'*) set -- 75 'ENOSPC, ' 'no space is left on the file system' ;;
    *'uota exceeded'*) set -- 75 'EDQUOT, ' 'the disk quota is used up' ;;
    *'pen files in system'*) set -- 75 'ENFILE, ' 'too many files are open on this machine' ;;
    *'oo many open files'*) set -- 75 'EMFILE, ' 'too many files are open' ;;
    *'annot allocate memory'*) set -- 75 'ENOMEM, ' 'the system call failed' ;;
    *'emporarily unavailable'* | *'annot fork'*) set -- 75 'EAGAIN, ' 'the system call failed' ;;
    *'ermission denied'*) set -- 77 'EACCES, ' 'permission denied' ;;
    *'not permitted'*) set -- 77 'EPERM, ' 'not permitted' ;;
    *'ead-only file system'*) set -- 74 'EROFS, ' 'the file system is read-only' ;;
    *'nput/output error'*) set -- 74 'EIO, ' 'the disk reported an error' ;;
    *'o such file'* | *nonexistent*) set -- 74 'ENOENT, ' 'a directory is missing' ;;
    *) set -- 74 '' "$ch_told" ;;
  esac
  case $2 in
    ENOSPC* | EDQUOT*) ch_hint='Free some space, then try again.' ;;
    EACCES* | EPERM*) ch_hint='Run it as the user who owns the spool, or choose another spool.' ;;
    EROFS*) ch_hint='Mount it for writing, or choose another spool.' ;;
    *) [ "$1" = 75 ] && ch_hint='Try again.' || ch_hint='Choose another spool.' ;;
  esac
  __capnhook_fail "$1" "Cannot queue the event: $3 ($2spool $ch_spool)" "$ch_hint"
}
