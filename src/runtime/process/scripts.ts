/**
 * The shell text of the process runtime. Nothing that a pod's author wrote ever enters it: such
 * strings are arguments only, and a pod's environment is applied by the final `env -i` alone, so
 * that an `LD_PRELOAD` of a pod acts in the pod and never in the helpers that prepare it.
 *
 * Every script is constant and lies in a directory named after its content, because a shell reads
 * its script while it runs and a waiter outlives the program that started it.
 */

/** Where the helpers' copies are seen inside every container. */
export const TOOLS_IN_CONTAINER = '/.nodelet/t';

/** What a script says on descriptor 3 when the command is about to be executed, or why it is not. */
export const MARK = {
  ok: 'nodelet:ok',
  missing: 'nodelet:missing',
  notInPath: 'nodelet:not-in-path',
  denied: 'nodelet:denied',
  failed: 'nodelet:failed',
} as const;

/**
 * Starts what it is told to on its input: a job's name, `run`, `detach` or `piped`, a file for what it says (for `piped` a
 * directory, where pipes are made for its descriptors 0 to 3, of which descriptor 7 hears), and the number of
 * words; for each word its number of lines and the lines. Descriptor 7 hears of a job's end, or of what a detached job
 * says there. An empty line collects children that have ended, as each job does.
 */
const launcher = `
newline='
'
while IFS= read -r job; do
  jobs >/dev/null
  [ -n "$job" ] || continue
  IFS= read -r kind
  IFS= read -r said
  IFS= read -r count
  set --
  while [ "$count" -gt 0 ]; do
    IFS= read -r lines
    IFS= read -r word
    while [ "$lines" -gt 1 ]; do
      IFS= read -r line
      word=$word$newline$line
      lines=$((lines - 1))
    done
    set -- "$@" "$word"
    count=$((count - 1))
  done
  [ "$kind" = piped ] || printf '' >>"$said" || said=/dev/null
  case $kind in
  run)
    {
      "$@" 7>&-
      printf '%s %s\\n' "$job" "$?" >&7
    } </dev/null >>"$said" 2>&1 3>&1 &
    ;;
  piped)
    {
      stdin=$said/0
      [ ! -e "$stdin" ] || stdin=
      mkfifo -m 666 \${stdin:+"$stdin"} "$said/1" "$said/2" "$said/3" || {
        printf '%s 125\\n' "$job" >&7
        exit
      }
      "$@" <"$said/0" >"$said/1" 2>"$said/2" 3>"$said/3" 7>&- &
      printf '%s pipes %s\\n' "$job" "$!" >&7
      wait "$!"
      printf '%s %s\\n' "$job" "$?" >&7
    } </dev/null &
    ;;
  *) NODELET_JOB=$job "$@" </dev/null 3>>"$said" & ;;
  esac
done
`;

/**
 * Waits for a container and writes down how it ended: `waiter DIR plain|stdin|tty GROUP COMMAND…`.
 * It is in the launcher's session and nobody's child but init's once nodelet has gone. With `stdin` it
 * holds the writing end of the container's input, and lets go of it on SIGUSR1. GROUP, when it is not empty, is a
 * cgroup.procs that something joins for a moment: the first move of a process between control groups waits some
 * milliseconds for all CPUs, those that follow soon do not, and the container's own then does not wait either.
 */
const waiter = `
dir=$1 mode=$2 group=$3
shift 3
umask 022
[ -z "$group" ] || echo 0 2>/dev/null >"$group" 3>&- 7>&- &
stat=$$
[ ! -r /proc/self/stat ] || read -r stat </proc/self/stat
printf '%s\\n' "$stat" >"$dir/waiter"
case $mode in
stdin)
  trap 'exec 8>&-; interrupted=1' USR1
  exec 8<>"$dir/io/stdin"
  "$@" <"$dir/io/stdin" >>"$dir/io/stdout" 2>>"$dir/io/stderr" 8>&- &
  child=$!
  exec 3>&-
  while :; do
    interrupted=
    wait "$child"
    status=$?
    [ "$status" = 127 ] && [ -n "$code" ] || code=$status
    [ -n "$interrupted" ] || break
  done
  ;;
tty)
  NODELET_ARGC=0
  for word; do
    eval "NODELET_ARG_$NODELET_ARGC=\\$word; export NODELET_ARG_$NODELET_ARGC"
    NODELET_ARGC=$((NODELET_ARGC + 1))
  done
  export NODELET_ARGC NODELET_RELAY
  NODELET_RELAY=\${0%/*}/relay.sh
  script -qefc 'exec sh "$NODELET_RELAY"' /dev/null <>"$dir/io/stdin" >>"$dir/io/stdout" 2>>"$dir/io/stderr"
  code=$?
  ;;
*)
  "$@" </dev/null >>"$dir/io/stdout" 2>>"$dir/io/stderr"
  code=$?
  ;;
esac
printf '%s\\n' "$code" >"$dir/io/exit"
[ -z "$NODELET_JOB" ] || printf '%s\\n' "$NODELET_JOB" >&7
`;

/**
 * Forks the first process of a new pid namespace and hands on how it ended: `fork COMMAND…`. (`unshare --fork` would
 * do, but it says 1 for a child that SIGKILL ended.)
 */
const fork = `
"$@"
code=$?
exit "$code"
`;

/** Puts a command line together again that came through the environment: `script` takes a shell text only. */
const relay = `
count=0
set --
while [ "$count" -lt "$NODELET_ARGC" ]; do
  eval "set -- \\"\\$@\\" \\"\\$NODELET_ARG_$count\\"; unset NODELET_ARG_$count"
  count=$((count + 1))
done
unset NODELET_ARGC NODELET_RELAY
exec "$@"
`;

/** Shared by both that execute a pod's command: finds it as Go's exec.LookPath does, or says why not. */
const lookup = `
say() { printf '%s\\n' "$1" >&3; }
lookup() {
  case $1 in
  */*)
    [ -e "$1" ] || { say ${MARK.missing}; exit 125; }
    [ ! -d "$1" ] && [ -x "$1" ] || { say ${MARK.denied}; exit 125; }
    ;;
  *)
    set -f
    IFS=:
    for directory in $2; do
      [ -f "\${directory:-.}/$1" ] && [ -x "\${directory:-.}/$1" ] && { unset IFS; set +f; return; }
    done
    say ${MARK.notInPath}
    exit 125
    ;;
  esac
}
`;

/**
 * Makes a container's root and becomes its command. Runs in the container's new namespaces:
 * `setup DIR SECRET OOM READONLY WORKDIR PATH COMMAND SETPRIV SHARED HOSTNAME NFILES file… CGROUP NTREES tree… ENV…
 * COMMAND ARG…`. SECRET names the directory where the host's root hangs meanwhile; an image cannot guess it, so no
 * symlink in it leads there. Mounts of the second table are resolved inside the new root.
 */
const setup = `
trap '' PIPE
umask 022
exec 4>&2 2>&3
${lookup}
dir=$1 old=/.nodelet/$2 oom=$3 readonly=$4 workdir=$5 path=$6 command=$7 setpriv=$8 shared=$9
secret=$2
shift 9
hostname=$1
shift
fail() { say "${MARK.failed}"; exit 125; }
loader='${TOOLS_IN_CONTAINER}/ld.so --inhibit-cache --library-path ${TOOLS_IN_CONTAINER}'
tool() { name=$1; shift; $loader ${TOOLS_IN_CONTAINER}/"$name" "$@"; }
read -r stat </proc/self/stat
printf '%s\\n' "$stat" >"$dir/pid"
[ -z "$hostname" ] || printf '%s' "$hostname" >/proc/sys/kernel/hostname || fail
[ -z "$oom" ] || { echo "$oom" >/proc/self/oom_score_adj; } 2>/dev/null
mount -n -a -T "$dir/mounts.before" || fail
cd "$dir/root" || fail
pivot_root . ".nodelet/$secret" || fail
cd / || fail
count=$1
shift
while [ "$count" -gt 0 ]; do
  if [ ! -e "$1" ]; then
    place=$1
    # A link that dangles, or a way that does: what it leads to is made.
    if [ -L "$1" ] || [ ! -d "\${1%/*}/" ]; then place=$(tool readlink -m -- "$1") || fail; fi
    parent=\${place%/*}
    [ -z "$parent" ] || [ -d "$parent" ] || tool mkdir -p -- "$parent" || fail
    printf '' >"$place" || fail
  fi
  shift
  count=$((count - 1))
done
if [ -s "$old$dir/mounts.after" ]; then tool mount -n -a -T "$old$dir/mounts.after" || fail; fi
[ -d "$workdir" ] || tool mkdir -p -- "$workdir" || fail
[ -z "$readonly" ] || tool mount -n -o remount,bind,ro / || fail
cd -- "$workdir" || fail
lookup "$command" "$path"
cgroup=$1 count=$2
shift 2
while [ "$count" -gt 0 ]; do
  echo 0 >"$old$1$cgroup/cgroup.procs" || fail
  shift
  count=$((count - 1))
done
# In shared propagation, taking the host's root away here would take its mounts away everywhere.
[ -z "$shared" ] || tool mount -n --make-rslave "$old" || fail
tool umount -l "$old" || fail
printf '%s %s\\n' "$NODELET_JOB" "$stat" >&7
exec 2>&4 4>&- 3>&- 7>&-
exec $loader ${TOOLS_IN_CONTAINER}/setpriv $setpriv -- $loader ${TOOLS_IN_CONTAINER}/env -i --default-signal -- "$@"
`;

/**
 * Becomes a command without any isolation, where there is no root or no Linux: `plain DIR WORKDIR PATH COMMAND ENV…
 * COMMAND ARG…`; DIR is empty for exec.
 */
const plain = `
trap '' PIPE
umask 022
exec 4>&2 2>&3
${lookup}
dir=$1 workdir=$2 path=$3 command=$4
shift 4
stat=$$
[ ! -r /proc/self/stat ] || read -r stat </proc/self/stat
[ -z "$dir" ] || printf '%s\\n' "$stat" >"$dir/pid"
cd "$workdir" || { say ${MARK.failed}; exit 125; }
lookup "$command" "$path"
say ${MARK.ok}
exec 2>&4 4>&- 3>&-
exec env -i "$@"
`;

/** Joins a container's cgroups and its namespaces: `enter NGROUPS group… COMMAND…`. */
const enter = `
count=$1
shift
while [ "$count" -gt 0 ]; do
  echo 0 >"$1" || exit 125
  shift
  count=$((count - 1))
done
exec "$@"
`;

/** Gives a command a file for what it says on descriptor 3: `say-to FILE COMMAND…`. */
const sayTo = `
exec 3>"$1"
shift
exec "$@"
`;

/** Becomes a command inside a running container: `exec WORKDIR PATH COMMAND SETPRIV ENV… COMMAND ARG…`. Lies in the tools directory. */
const execInside = `
trap '' PIPE
umask 022
exec 4>&2 2>&3
${lookup}
workdir=$1 path=$2 command=$3 setpriv=$4
shift 4
loader='${TOOLS_IN_CONTAINER}/ld.so --inhibit-cache --library-path ${TOOLS_IN_CONTAINER}'
cd -- "$workdir" || { say ${MARK.failed}; exit 125; }
lookup "$command" "$path"
say ${MARK.ok}
exec 2>&4 4>&- 3>&-
exec $loader ${TOOLS_IN_CONTAINER}/setpriv $setpriv -- $loader ${TOOLS_IN_CONTAINER}/env -i --default-signal -- "$@"
`;

/**
 * Makes the directories of a container: `container-place DIR`. What its users see must be open to them whatever the
 * umask of nodelet is.
 */
const containerPlace = `
umask 022
cd "$1" || exit 1
mkdir upper upper/.nodelet upper/proc upper/sys upper/dev work root inside inside/t io dev dev-work || exit 1
printf '' >io/stdout && printf '' >io/stderr
`;

/** Makes a sandbox: `sandbox-up DIR SHM UNSHARE-FLAGS INSIDE OUTSIDE`; SHM is a word or empty, the last two are for `ip -batch`. */
const sandboxUp = `
dir=$1 shm=$2 flags=$3 inside=$4 outside=$5
umask 022
for file in net uts ipc hostname resolv.conf; do printf '' >"$dir/$file" || exit 1; done
if [ -n "$shm" ]; then
  mount -n -t tmpfs -o nosuid,nodev,noexec,mode=1777,size=65536k shm "$dir/shm" &
  mounting=$!
fi
if [ -n "$inside" ]; then
  unshare $flags ip -batch - <<END || exit 1
$inside
END
elif [ -n "$flags" ]; then
  unshare $flags true || exit 1
fi
if [ -n "$outside" ]; then
  ip -batch - <<END || exit 1
$outside
END
fi
[ -z "$shm" ] || wait "$mounting"
`;

/** Sets values in the namespaces of a sandbox: `sandbox-sysctls PATH value…`. */
const sandboxSysctls = `
while [ "$#" -gt 0 ]; do
  printf '%s' "$2" >"$1" || exit 1
  shift 2
done
`;

/** Takes a sandbox's cable and namespaces away: `sandbox-down INTERFACE PIN…`; what is gone already is only said. */
const sandboxDown = `
interface=$1
shift
ip link del "$interface" &
umount -n -l -q "$@"
code=$?
wait "$!" && exit "$code"
`;

/**
 * The first process of a pod-wide pid namespace: `pause DIR SECRET`. It reaps orphans; its root holds
 * the tools and nothing else, and its capabilities are gone.
 */
const pause = `
dir=$1 secret=$2
exec 2>&3
read -r stat </proc/self/stat
mount -n -a -T "$dir/mounts.pause" || exit 1
cd "$dir/pause" || exit 1
pivot_root . "$secret" || exit 1
cd / || exit 1
/t/ld.so --inhibit-cache --library-path /t /t/umount -l "/$secret" || exit 1
printf '%s\\n' "$stat" >&3
exec 2>&1 3>&-
exec /t/ld.so --inhibit-cache --library-path /t /t/setpriv --bounding-set -all --inh-caps -all -- /t/ld.so --inhibit-cache --library-path /t /t/sh /t/pause.sh
`;

/** What the pause process does for the rest of its life. Without its tools, which are gone when someone deleted them, it ends rather than spin. */
const pauseLoop = `
printf pause >/proc/self/comm
failures=0
while [ "$failures" -lt 10 ]; do
  /t/ld.so --library-path /t /t/sleep 2147483647 &
  wait "$!" && failures=0 || failures=$((failures + 1))
done
`;

/** File name → text of the scripts that run on the host. */
export const hostScripts: Readonly<Record<string, string>> = {
  'launcher.sh': launcher,
  'waiter.sh': waiter,
  'relay.sh': relay,
  'fork.sh': fork,
  'setup.sh': setup,
  'plain.sh': plain,
  'enter.sh': enter,
  'say-to.sh': sayTo,
  'container-place.sh': containerPlace,
  'sandbox-up.sh': sandboxUp,
  'sandbox-sysctls.sh': sandboxSysctls,
  'sandbox-down.sh': sandboxDown,
  'pause-setup.sh': pause,
};

/** File name → text of the scripts that run inside containers. */
export const toolScripts: Readonly<Record<string, string>> = { 'exec.sh': execInside, 'pause.sh': pauseLoop };
