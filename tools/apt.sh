# apt for another Debian suite, with lists, cache and sources of its own, so that nothing of that suite comes near the
# system; the archive keyring checks what is fetched. For tools/setup and tools/fetch-peer, which source it and have
# `cache` (a folder), `die SENTENCE`, `logged COMMAND...` and `refresh_lists` (of the system's own apt).
# shellcheck shell=bash disable=SC2154

configured_mirror() {
  apt-get indextargets --format '$(ORIGIN)|$(LABEL)|$(REPO_URI)' 2>/dev/null |
    awk -F'|' '$1 == "Debian" && $2 == "Debian" && !n++ { print $3 }'
}

debian_mirror() {
  local mirror
  mirror=$(configured_mirror)
  if [ -z "$mirror" ]; then # no lists yet
    refresh_lists
    mirror=$(configured_mirror)
  fi
  [ -n "$mirror" ] || die "no Debian mirror is configured for apt on this machine (apt-get indextargets names none)"
  printf '%s\n' "$mirror"
}

private_apt() { # SUITE apt-get-arguments...
  local suite=$1 root=$cache/apt-$1 mirror; shift
  mirror=$(debian_mirror)
  mkdir -p "$root"/{etc,lists/partial,cache/archives/partial,state}
  : >"$root/state/status"
  cat >"$root/etc/sources.sources" <<SRC
Types: deb deb-src
URIs: $mirror
Suites: $suite
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
SRC
  logged apt-get -qq -o Dir::Etc::SourceList=/dev/null -o Dir::Etc::SourceParts="$root/etc" \
    -o Dir::Etc::Preferences=/dev/null -o Dir::Etc::PreferencesParts=/dev/null \
    -o Dir::State="$root/state" -o Dir::State::Lists="$root/lists" -o Dir::State::status="$root/state/status" \
    -o Dir::Cache="$root/cache" -o APT::Sandbox::User=root -o Acquire::Languages=none "$@"
}
