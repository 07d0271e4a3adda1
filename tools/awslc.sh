# AWS-LC, built from the source in Debian sid's librust-aws-lc-sys-dev, once in the cache; source it. Wants cmake, ninja and a compiler.
# awslc NAME CC: builds lib$NAME.a (crypto; ssl, which wants a C++ compiler too) with CC; sets awslc_source (headers in include/),
# awslc_folder (crypto/libcrypto.a, ssl/libssl.a) and awslc_package. Returns 1 with the reason in awslc_reason.
awslc_tools=$(dirname "${BASH_SOURCE[0]}")
awslc() {
  local package=librust-aws-lc-sys-dev root cache=${XDG_CACHE_HOME:-$HOME/.cache}/wattle tool
  for tool in cmake ninja "$2" $([ "$1" != ssl ] || echo c++); do
    command -v "$tool" >/dev/null || { awslc_reason="$tool is not installed, which AWS-LC is built with"; return 1; }
  done
  root=$("$awslc_tools/fetch-peer" --suite sid $package 2>&1) || { awslc_reason=${root##*$'\n'}; return 1; }
  root=${root##*$'\n'}
  awslc_source=$(find "$root/usr/share/cargo/registry" -maxdepth 2 -path '*/aws-lc-sys-*/aws-lc')
  [ -n "$awslc_source" ] || { awslc_reason="$package holds no source of AWS-LC where it is looked for ($root)"; return 1; }
  awslc_package="$package $(gunzip -c "$root/usr/share/doc/$package/changelog.Debian.gz" | sed -n '1s/.*(\(.*\)).*/\1/p')"
  awslc_folder=$cache/peers-built/$(basename "$(dirname "$awslc_source")")-$(basename "$2")
  mkdir -p "$awslc_folder"
  (flock 9; [ -e "$awslc_folder/$1/lib$1.a" ] || awslc_make "$@") 9>"$awslc_folder/lock" ||
    { awslc_reason="AWS-LC was not built: $(grep -m 1 -iE 'error' "$awslc_folder/build.log" || tail -n 1 "$awslc_folder/build.log") (all of it: $awslc_folder/build.log)"; return 1; }
}
# As the package's own build makes it: no Go, no Perl, the assembler files that come with it, optimized.
awslc_make() {
  {
    cmake -G Ninja -S "$awslc_source" -B "$awslc_folder" -DCMAKE_BUILD_TYPE=Release -DCMAKE_C_COMPILER="$2" -DBUILD_SHARED_LIBS=OFF \
      -DBUILD_TESTING=OFF -DBUILD_LIBSSL="$([ "$1" = ssl ] && echo ON || echo OFF)" -DBUILD_TOOL=OFF -DDISABLE_GO=ON -DDISABLE_PERL=ON \
      -DENABLE_SOURCE_MODIFICATION=OFF && ninja -C "$awslc_folder" "$1"
  } >"$awslc_folder/build.log" 2>&1
}
