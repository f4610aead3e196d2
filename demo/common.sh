# What up and down share; they source it in the folder above.
# shellcheck shell=bash disable=SC2034
cd -P . || exit 1 # as the programs know it, whatever links led here
work=.demo
data=$work/data

# process_of FILE: the number in it, if that is still a program of ours that was started with a folder of this demo
process_of() {
  local pid
  pid=$(cat "$1" 2>/dev/null) || return 1
  [[ "$(readlink "/proc/$pid/exe" 2>/dev/null)" == */fumidai* ]] || return 1
  [[ "$(tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline")" == *" $PWD/$work/"* ]] || return 1
  echo "$pid"
}
