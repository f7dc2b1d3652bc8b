# shellcheck shell=bash
# What scripts/demo, scripts/test and .ci/run share: finding what is missing, saying why it is needed, installing it
# with apt, and building without noise. Sourced, never run.

# The Swift release that Package.swift asks for, and the librdkafka that the Kafka module is written against.
swift_needed=6.2
librdkafka_needed=2.0.2

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# Messages go to standard error: standard output belongs to the program that a script runs.
say() { printf '==> %s\n' "$*" >&2; }
stop() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# --- What is missing -------------------------------------------------------------------------------------------------

missing=() # package names
reasons=() # one line each, for the person who is asked

lacks() { # PACKAGE WHY
  missing+=("$1")
  reasons+=("$2")
}

# A library's headers, by the name that SwiftPM asks pkg-config for.
need_library() { # PKG-CONFIG-NAME PACKAGE WHY
  if command -v pkg-config >/dev/null; then
    pkg-config --exists "$1" || lacks "$2" "$3"
  else
    # Without pkg-config only the package manager knows, and asking apt for an installed package does no harm.
    dpkg-query -W -f='${Status}' "$2" 2>/dev/null | grep -q 'ok installed' || lacks "$2" "$3"
  fi
}

need_command() { # COMMAND PACKAGE WHY
  command -v "$1" >/dev/null || lacks "$2" "$3"
}

# A shared library that the toolchain itself is linked with, whatever its version.
need_shared() { # SONAME-PREFIX PACKAGE WHY
  # Not "grep -q": it leaves early, ldconfig may then fail of the closed pipe, and that would count as not found.
  PATH="$PATH:/sbin:/usr/sbin" ldconfig -p | grep "$1" >/dev/null || lacks "$2" "$3"
}

need_build_packages() {
  need_command pkg-config pkg-config "tells the build where the libraries are"
  need_library rdkafka librdkafka-dev "the Kafka client ($librdkafka_needed or later)"
  need_library openblas libopenblas-dev "matrix products for CPUs without AVX2"
  need_library yaml-0.1 libyaml-dev "reads the configuration file"
  need_library libmicrohttpd libmicrohttpd-dev "serves metrics and probes over HTTP"
  need_library libcurl libcurl4-openssl-dev "fetches models; the Swift toolchain is linked with it as well"
  # The toolchain compiles C with its own clang, but takes headers, start files and libstdc++ from the system.
  if ! compgen -G '/usr/lib/gcc/*/*/crtbeginS.o' >/dev/null || ! compgen -G '/usr/include/c++/*' >/dev/null \
    || [ ! -e /usr/include/stdlib.h ]; then
    lacks g++ "C and C++ headers and start files that Swift programs link with"
  fi
  need_command ld binutils "the linker"
  need_shared libxml2.so libxml2-dev "the Swift toolchain is linked with it"
  need_shared libsqlite3.so libsqlite3-dev "the Swift toolchain is linked with it"
  need_shared libncurses.so libncurses-dev "the Swift toolchain is linked with it"
}

# --- Installing it ---------------------------------------------------------------------------------------------------

assume_yes= # set by -y

# Installs what the need_… functions found missing; calls apt only if something is.
install_missing() {
  [ ${#missing[@]} -gt 0 ] || return 0
  say "Missing on this machine:"
  local i
  for i in "${!missing[@]}"; do printf '      %-22s %s\n' "${missing[$i]}" "${reasons[$i]}" >&2; done

  local line="apt-get update && apt-get install -y --no-install-recommends ${missing[*]}"
  command -v apt-get >/dev/null \
    || stop "this is not a Debian or Ubuntu system: install what these packages hold with your own package manager, then run this again"

  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || stop "installing needs root. Run this as root, then start again:
  $line"
    as_root=(sudo)
    # Nobody can type a password where there is no terminal.
    if [ ! -t 0 ]; then
      sudo -n true 2>/dev/null || stop "sudo would ask for a password, and there is no terminal. Run this as root, then start again:
  $line"
      as_root=(sudo -n)
    fi
  fi

  if [ -z "$assume_yes" ] && [ -t 0 ] && [ -t 2 ]; then
    local answer
    read -r -p "    Install them with apt now? [Y/n] " answer
    case $answer in '' | [Yy]*) ;; *) stop "nothing was installed. The line for later, as root:
  $line" ;; esac
  fi

  say "Installing them with apt (a minute or two)"
  local log
  log=$(mktemp)
  # An unreachable extra repository must not stop what the others can deliver: the install tells.
  "${as_root[@]}" apt-get update -qq >"$log" 2>&1 || true
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >>"$log" 2>&1 || {
    cat "$log" >&2
    stop "apt could not install them. Its messages are above; the line was:
  $line"
  }
  rm -f "$log"
  missing=()
  reasons=()
  hash -r
}

require_librdkafka() {
  pkg-config --atleast-version="$librdkafka_needed" rdkafka \
    || stop "librdkafka $(pkg-config --modversion rdkafka) is too old: sentiment-worker needs $librdkafka_needed or later, which Debian has from 12 and Ubuntu from 24.04 on"
}

# --- The Swift toolchain ---------------------------------------------------------------------------------------------

swiftly_home=${SWIFTLY_HOME_DIR:-$HOME/.local/share/swiftly}

# The installer's own documented line (https://www.swift.org/install/linux), run in a folder of its own.
swift_install_line() {
  if command -v swiftly >/dev/null; then
    printf '  swiftly install --use latest\n'
    return
  fi
  local tools=()
  command -v curl >/dev/null || tools+=(curl ca-certificates)
  command -v gpg >/dev/null || tools+=(gnupg)
  local first=
  if [ ${#tools[@]} -gt 0 ]; then
    first="apt-get update && apt-get install -y ${tools[*]} && "
    [ "$(id -u)" -eq 0 ] || first=${first//apt-get/sudo apt-get}
  fi
  # shellcheck disable=SC2016 # The reader's shell expands it, not this one.
  printf '  %s%s\n' "$first" '(cd "$(mktemp -d)" && curl -O "https://download.swift.org/swiftly/linux/swiftly-$(uname -m).tar.gz" && tar zxf "swiftly-$(uname -m).tar.gz" && ./swiftly init --quiet-shell-followup) && . "${SWIFTLY_HOME_DIR:-$HOME/.local/share/swiftly}/env.sh" && hash -r'
}

# "6.3" for the toolchain in PATH; nothing, and no failure, if it does not run.
swift_version() {
  { swift --version 2>/dev/null || true; } | sed -n 's/.*Swift version \([0-9]*\.[0-9]*\).*/\1/p' | head -n 1
}

# Stops with the line that installs Swift if there is none or only an older one.
require_swift() {
  # A shell that was open while swiftly was installed does not have it in its PATH yet.
  if ! command -v swift >/dev/null && [ -x "$swiftly_home/bin/swift" ]; then PATH="$swiftly_home/bin:$PATH"; fi
  command -v swift >/dev/null || stop "there is no Swift toolchain ($swift_needed or later is needed). This line installs it:
$(swift_install_line)"
  local found
  found=$(swift_version)
  # One that does not run may only lack libraries, which are installed next.
  if [ -n "$found" ] && [ "$(printf '%s\n' "$swift_needed" "$found" | sort -V | head -n 1)" != "$swift_needed" ]; then
    stop "Swift $found at $(command -v swift) is too old ($swift_needed or later is needed). This line installs a newer one:
$(swift_install_line)"
  fi
}

# Everything that a build needs, and what was added with need_… before.
prepare() {
  require_swift
  need_build_packages
  install_missing
  require_librdkafka
  [ -n "$(swift_version)" ] || stop "$(command -v swift) does not run: $(swift --version 2>&1 || true)"
}

# --- Building --------------------------------------------------------------------------------------------------------

# swift build with progress: its own moving line on a terminal, else one line in ten per cent, and every diagnostic.
build() { # ARGUMENTS of swift build
  local started=$SECONDS
  if [ -t 2 ]; then
    swift build --package-path "$root" "$@" >&2 || stop "the build failed"
  else
    swift build --package-path "$root" "$@" 2>&1 | awk '
      /Cannot export local symbol .__asan_/ { next } # hundreds of lines about nothing, from gold and the address sanitizer
      match($0, /^\[[0-9]+\/[0-9]+\]/) {
        split(substr($0, 2, RLENGTH - 2), part, "/")
        tenth = int(10 * part[1] / part[2])
        if (tenth == last) next
        last = tenth
      }
      { print; fflush() }' >&2 || stop "the build failed"
  fi
  say "Built in $((SECONDS - started)) s"
}
