#!/usr/bin/env bash
# Builds a libpq with TLS and without GSSAPI and LDAP, shared and static, from the newest source package of this Debian.
# Usage: build.sh [PREFIX]; prints the prefix. It is built again when Debian has another version than the one that is there.
set -euo pipefail

cache=${XDG_CACHE_HOME:-$HOME/.cache}/vernal
prefix=${1:-$cache/minimal-libpq}
case $prefix in /*) ;; *) prefix=$PWD/$prefix ;; esac
# The version of the source package that was built there.
built=''
if [ -e "$prefix/lib/libpq.so" ] && [ -e "$prefix/static/pkgconfig/libpq.pc" ]; then
    built=$(cat "$prefix/source-version" 2>/dev/null) || true
fi

# shellcheck source=/dev/null
ID='' && . /etc/os-release 2>/dev/null || true
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
[ "$ID" = debian ] && [ -n "${VERSION_CODENAME:-}" ] && [ -e "$keyring" ] || {
    echo 'minimal-libpq: this is no Debian. Unpack the source of https://www.postgresql.org/ftp/source/ and configure it as' \
        'this script does.' >&2
    exit 69
}
folder=$(mktemp -d "${TMPDIR:-/tmp}/minimal-libpq-XXXXXX")
trap 'rm -rf "$folder"' EXIT
cd "$folder"

# Lists of its own: the machine's are left as they are, and nothing needs root. apt checks the signatures.
mkdir -p apt/lists/partial apt/cache/archives/partial
mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
stanza='Types: deb-src\nURIs: %s\nSuites: %s\nComponents: main\nSigned-By: %s\n\n'
{
    # shellcheck disable=SC2059 # the format is a constant
    printf "$stanza" "$mirror" "$VERSION_CODENAME $VERSION_CODENAME-updates" "$keyring"
    # shellcheck disable=SC2059
    printf "$stanza" "${DEBIAN_SECURITY_MIRROR:-${mirror%/}-security}" "$VERSION_CODENAME-security" "$keyring"
} >apt/source.sources
options=(-o "Dir::Etc::sourcelist=$folder/apt/source.sources" -o Dir::Etc::sourceparts=-
    -o "Dir::State::lists=$folder/apt/lists" -o "Dir::Cache=$folder/apt/cache" -o APT::Sandbox::User= -q)
if ! apt-get "${options[@]}" -o APT::Update::Error-Mode=any update >&2; then
    # Without the lists nobody knows whether there is a newer one: better the one that is there than none.
    [ -n "$built" ] || { echo "minimal-libpq: the lists of $mirror cannot be read (DEBIAN_MIRROR)" >&2; exit 69; }
    echo "minimal-libpq: the lists of $mirror cannot be read; this is $built, as it was built before" >&2
    printf '%s\n' "$prefix"
    exit
fi
# "postgresql-17 17.6-1~deb13u1": the source packages that libpq5 comes from, the newest first.
mapfile -t sources < <(apt-cache "${options[@]}" showsrc libpq5 2>/dev/null |
    awk '/^Package:/ { name = $2 } /^Version:/ { print name, $2 }' | sort -Vru)
: "${sources[0]:?apt knows no source of libpq5}"
if [ "$built" = "${sources[0]}" ]; then
    printf '%s\n' "$prefix"
    exit
fi
for program in dpkg-source gcc make perl; do
    command -v "$program" >/dev/null || {
        printf 'minimal-libpq: %s is missing: apt-get install dpkg-dev build-essential libssl-dev\n' \
            "$program" >&2
        exit 69
    }
done
[ -e /usr/include/openssl/ssl.h ] || {
    echo 'minimal-libpq: OpenSSL is missing: apt-get install libssl-dev' >&2
    exit 69
}

# A mirror may list a source that it does not have yet, or not any more.
for newest in "${sources[@]}"; do
    name=${newest% *} version=${newest#* }
    [ "$built" != "$newest" ] || break
    ! apt-get "${options[@]}" source "$name=$version" >&2 || break
    newest=''
done
case $newest in
    '') echo "minimal-libpq: $mirror has none of the sources that it lists: ${sources[*]}" >&2 && exit 69 ;;
    "$built")
        echo "minimal-libpq: $mirror does not have ${sources[0]}; this is $built, as it was built before" >&2
        printf '%s\n' "$prefix"
        exit
        ;;
esac
# From here on what is there may be a part of each.
rm -f "$prefix/source-version"
cd "$name"-*/

# Names of hosts are looked up as before; what is left out is what a function does not use to reach its database.
# NLS would be libintl and catalogues, zlib and ICU are for the server.
./configure -q --prefix="$prefix" --with-openssl --without-gssapi --without-ldap --without-readline --without-zlib \
    --without-icu --disable-nls CFLAGS='-O2 -ffunction-sections -fdata-sections' >&2
jobs=$(getconf _NPROCESSORS_ONLN)
make -s -C src/backend generated-headers >&2
for part in src/include src/common src/port src/interfaces/libpq; do
    make -s -j "$jobs" -C "$part" all >&2
done
for part in src/include src/interfaces/libpq; do make -s -C "$part" install >&2; done

# For static linking, one archive and its own pkg-config file: libpq.a needs parts of two more, which otherwise only the
# server's packages have.
mkdir -p "$prefix/static/pkgconfig"
ar -M <<END
create $prefix/static/libpq.a
addlib src/interfaces/libpq/libpq.a
addlib src/common/libpgcommon_shlib.a
addlib src/port/libpgport_shlib.a
save
end
END
cat >"$prefix/static/pkgconfig/libpq.pc" <<END
Name: libpq
Description: libpq without GSSAPI and LDAP, for static linking
Version: $(sed -n 's/^Version: //p' "$prefix/lib/pkgconfig/libpq.pc")
Cflags: -I$prefix/include
Libs: -L$prefix/static -lpq -lssl -lcrypto -ldl
END
printf '%s\n' "$newest" >"$prefix/source-version"
printf '%s\n' "$prefix"
