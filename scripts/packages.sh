# shellcheck shell=bash
# Functions that the scripts share; source this file. Everything here is quiet if there is nothing to do.

# With --help, a script prints the comment at its top, and nothing is built or installed.
if [[ (${1:-} == -h || ${1:-} == --help) && -f scripts/${0##*/} ]]; then
  awk 'NR == 1 { next } !/^#/ { exit } !/shellcheck/ { sub(/^# ?/, ""); print }' "scripts/${0##*/}"
  exit 0
fi

# Debian packages that building the gateway needs besides Swift: headers of libcurl, OpenSSL, libyaml, SQLite,
# Zstandard, Expat, minizip and zlib.
# shellcheck disable=SC2034 # used by those who source this
BUILD_PACKAGES=(libcurl4-openssl-dev libssl-dev libyaml-dev libsqlite3-dev libzstd-dev libexpat1-dev
  libminizip-dev zlib1g-dev)

# SwiftPM leaves TemporaryDirectory.* behind, so they get a separate folder. It is always the same one, because
# SwiftPM's manifest cache is keyed by the environment. It is short, because tests put Unix sockets there and a socket's
# path is limited to 108 bytes.
TMPDIR="/tmp/scorm-gateway-build.$EUID"
[[ -d $TMPDIR ]] || mkdir -m 700 "$TMPDIR"
if [[ -L $TMPDIR || ! -O $TMPDIR ]]; then
  echo "$TMPDIR belongs to somebody else; remove it and start again" >&2
  exit 1
fi
export TMPDIR
find "$TMPDIR" -mindepth 1 -maxdepth 1 -name 'TemporaryDirectory.*' -mmin +60 -exec rm -rf {} +

# Runs a command as root and prints it.
as_root() {
  if [[ $EUID -eq 0 ]]; then
    echo "+ $*" >&2
    "$@"
  elif command -v sudo >/dev/null; then
    echo "+ sudo $*" >&2
    sudo "$@"
  else
    echo "This needs root, and there is no sudo. Please run: $*" >&2
    exit 1
  fi
}

apt_get() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -q "$@"
}

# Installs the missing ones of the named Debian packages.
install_packages() {
  local missing=() package
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    echo "This script installs packages on Debian and Ubuntu only. Install what corresponds to" >&2
    echo "  $*" >&2
    echo "and use swift directly (CONTRIBUTING.md, \"Building\")." >&2
    exit 1
  fi
  for package in "$@"; do
    # shellcheck disable=SC2016 # dpkg-query's own variable, not the shell's
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] ||
      missing+=("$package")
  done
  [[ ${#missing[@]} -eq 0 ]] && return
  compgen -G '/var/lib/apt/lists/*Packages*' >/dev/null || apt_get update
  # Existing package lists may be out of date: refresh them once before giving up.
  apt_get install -y --no-install-recommends "${missing[@]}" ||
    { apt_get update && apt_get install -y --no-install-recommends "${missing[@]}"; }
}

require_swift() {
  command -v swift >/dev/null && return
  echo "Swift 6.3 or later is needed and not in PATH: https://www.swift.org/install/linux/" >&2
  exit 1
}

# base_system FOLDER: makes a minimal Debian or Ubuntu like this one, with the same package sources. Needs root.
base_system() {
  local suite site log
  # shellcheck source=/dev/null
  suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
  # shellcheck disable=SC2016 # apt-get's own variable, not the shell's
  site=$(apt-get indextargets --format '$(SITE)' "Codename: $suite" | head -n 1)
  log=$(mktemp)
  if ! debootstrap --variant=minbase --include=ca-certificates "$suite" "$1" "$site" >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    rm -f "$log"
    return 1
  fi
  rm -f "$log"
  cp /etc/apt/sources.list "$1/etc/apt/" 2>/dev/null || true
  cp -r /etc/apt/sources.list.d /etc/apt/apt.conf.d "$1/etc/apt/" 2>/dev/null || true
}
