# Sourced by the scripts beside it.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

fail() {
  printf '%s\n' "$*" >&2
  exit 1
}

# The comment at the top of the running script is its usage.
usage() {
  awk 'NR > 1 && !/^#/ { exit } NR > 1 { sub(/^# ?/, ""); print }' "$0"
}

refuse() {
  printf '%s\n\n' "$*" >&2
  usage >&2
  exit 2
}

# quietly LOG COMMAND…: output goes to build/LOG and is shown only when the command fails.
quietly() {
  local log=$root/build/$1
  shift
  mkdir -p "$root/build"
  if ! "$@" >"$log" 2>&1; then
    cat "$log" >&2
    fail "failed: $* (this output is in $log)"
  fi
}

# As many jobs as cores, with 2 GiB of memory for each.
job_count() {
  local cores memory_kib limit
  cores=$(nproc)
  memory_kib=$(awk '/^MemAvailable:/ { print $2 }' /proc/meminfo)
  limit=$(cat /sys/fs/cgroup/memory.max 2>/dev/null || true)
  if [[ $limit =~ ^[0-9]+$ ]] && ((limit / 1024 < memory_kib)); then memory_kib=$((limit / 1024)); fi
  local jobs=$((memory_kib / (2 * 1024 * 1024)))
  if ((jobs > cores)); then jobs=$cores; fi
  if ((jobs < 1)); then jobs=1; fi
  echo "$jobs"
}

# build PRESET [TARGET…]: configures and builds; all targets when none is named.
build() {
  local preset=$1 jobs started=$SECONDS
  shift
  jobs=$(job_count)
  cd "$root"
  quietly "configure-$preset.log" cmake --preset "$preset"
  local command=(cmake --build "build/$preset" --parallel "$jobs")
  if (($#)); then command+=(--target "$@"); fi
  if [[ ! -t 1 ]]; then command+=(-- --quiet); fi
  echo "building $preset with $jobs jobs (from nothing: some minutes)" >&2
  NINJA_STATUS='[%f/%t] ' "${command[@]}" >&2 || fail "the $preset build failed, see above"
  echo "built $preset in $((SECONDS - started)) s" >&2
  cd "$OLDPWD"
}

# git in this repository, whoever owns its files.
repository() {
  git -C "$root" -c safe.directory='*' "$@"
}

# source_files [PATTERN…]: files that git tracks, or would on `git add`, that match a pattern and exist.
# In a copy without git: every file outside build/ and data/.
source_files() {
  if [[ -e $root/.git ]]; then
    repository ls-files --cached --others --exclude-standard -- "$@"
  else
    local file pattern
    (cd "$root" && find . -type f -not -path './build/*' -not -path './data/*' -printf '%P\n') |
      while IFS= read -r file; do
        for pattern in "${@:-*}"; do
          if [[ $file == $pattern || $file == $pattern/* ]]; then printf '%s\n' "$file"; fi
        done
      done
  fi | sort -u | while IFS= read -r file; do if [[ -f $root/$file ]]; then printf '%s\n' "$file"; fi; done
}
