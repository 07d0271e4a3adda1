# The libraries that a room may name with an @ in rooms.dag: wattle_lib_<name>.
set(WATTLE_OPENSSL_MIN 3.5.7)
find_package(PkgConfig REQUIRED)

if(NOT WATTLE_OPENSSL)
  message(FATAL_ERROR "WATTLE_OPENSSL is not set. Build with `make`, or pass "
    "-DWATTLE_OPENSSL=\"$(tools/setup --print-openssl)\".")
endif()
# CMake keeps what it found once, also when the prefix is another one now.
if(NOT WATTLE_OPENSSL STREQUAL "${WATTLE_OPENSSL_FOUND}")
  foreach(found CRYPTO_LIBRARY SSL_LIBRARY INCLUDE_DIR)
    unset(OPENSSL_${found} CACHE)
  endforeach()
  set(WATTLE_OPENSSL_FOUND ${WATTLE_OPENSSL} CACHE INTERNAL "the prefix in which OpenSSL was found")
endif()
set(OPENSSL_ROOT_DIR ${WATTLE_OPENSSL})
find_package(OpenSSL ${WATTLE_OPENSSL_MIN} REQUIRED COMPONENTS Crypto SSL)
get_filename_component(WATTLE_OPENSSL_LIBDIR ${OPENSSL_CRYPTO_LIBRARY} DIRECTORY)
message(STATUS "OpenSSL ${OPENSSL_VERSION} in ${WATTLE_OPENSSL_LIBDIR}")

# A prefix outside the system's own is found at run time by RPATH, and carried along by `make install`.
if(WATTLE_OPENSSL STREQUAL "/usr" OR WATTLE_OPENSSL STREQUAL "/usr/local")
  set(WATTLE_OPENSSL_PRIVATE OFF)
else()
  set(WATTLE_OPENSSL_PRIVATE ON)
  set(CMAKE_BUILD_RPATH ${WATTLE_OPENSSL_LIBDIR})
  set(CMAKE_INSTALL_RPATH "$ORIGIN/../${CMAKE_INSTALL_LIBDIR}/wattle")
endif()

add_library(wattle_lib_openssl INTERFACE)
target_link_libraries(wattle_lib_openssl INTERFACE OpenSSL::Crypto)

add_library(wattle_lib_ssl INTERFACE)
target_link_libraries(wattle_lib_ssl INTERFACE OpenSSL::SSL)

pkg_check_modules(SECCOMP REQUIRED IMPORTED_TARGET libseccomp)
add_library(wattle_lib_seccomp INTERFACE)
target_link_libraries(wattle_lib_seccomp INTERFACE PkgConfig::SECCOMP)

# Probes for tracers: a header alone.
find_path(WATTLE_SDT_DIR sys/sdt.h REQUIRED)
add_library(wattle_lib_sdt INTERFACE)

pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson>=2.13)
add_library(wattle_lib_jansson INTERFACE)
target_link_libraries(wattle_lib_jansson INTERFACE PkgConfig::JANSSON)

pkg_check_modules(SMARTCOLS REQUIRED IMPORTED_TARGET smartcols)
add_library(wattle_lib_smartcols INTERFACE)
target_link_libraries(wattle_lib_smartcols INTERFACE PkgConfig::SMARTCOLS)

pkg_check_modules(INIH REQUIRED IMPORTED_TARGET inih)
add_library(wattle_lib_inih INTERFACE)
target_link_libraries(wattle_lib_inih INTERFACE PkgConfig::INIH)
