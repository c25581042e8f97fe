# Runs as root in a fresh Debian: builds CPython $1 (3.13) from the source package of suite $2 and packs it as /out/NAME.tar.gz, as uv expects one.
# Needs deb-src lines of that suite, and from the build suite a compiler and the libraries' headers.
set -eu
version=$1 suite=$2
sed -n "s/^deb \(\[[^]]*\] *\)\{0,1\}\([^ ]*\) [^ ]* main.*/deb-src \2 $suite main/p" /etc/apt/sources.list | head -n 1 > /etc/apt/sources.list.d/source.list
apt-get --quiet update
mkdir -p /out /build
cd /build
apt-get --quiet source --download-only "python$version"
tar xf python*.orig.tar.?z # beside it may lie its signature
cd Python-*
# The interpreter and its modules look for libraries beside themselves first: those of the build suite come along.
./configure --prefix=/python --enable-shared --without-static-libpython --with-ensurepip=install --disable-test-modules
make -j"$(nproc)" OPT="-DNDEBUG -O1"
make install
lib=/python/lib modules=/python/lib/python$version/lib-dynload
ldd "$modules"/*.so | awk '$3 ~ "^/" && $3 !~ "/(libc|libm|libdl|libpthread|librt|libutil|libcrypt|libpython[0-9.]*)[.]so" { print $3 }' |
  sort -u | xargs cp --dereference --target-directory "$lib"
patchelf --set-rpath "\$ORIGIN" "$lib"/lib*.so.*
patchelf --set-rpath "\$ORIGIN/../.." "$modules"/*.so
patchelf --set-rpath "\$ORIGIN/../lib" "/python/bin/python$version"
ln -sf "python$version" /python/bin/python3
ln -sf "python$version" /python/bin/python
# What names /python in its first line, or is only for building.
grep -rlI '^#!/python/' /python/bin | xargs rm -f
rm -rf /python/share "$lib"/pkgconfig
find /python -name __pycache__ -prune -exec rm -r {} +
env -i /python/bin/python3 -B -c 'import bz2, ctypes, lzma, sqlite3, ssl, zlib, venv, ensurepip'
full=$(/python/bin/python3 -B -c 'import platform; print(platform.python_version())')
tar --sort=name --numeric-owner -C / -czf "/out/cpython-$full-x86_64-unknown-linux-gnu-install_only.tar.gz" python
