# Flags for every room: C11, hidden symbols, hardened, warnings as errors.
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS ON) # for attribute cleanup and statement-free typeof; no other GNU syntax
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g -DNDEBUG")

add_library(wattle_flags INTERFACE)
target_compile_definitions(wattle_flags INTERFACE _GNU_SOURCE)
target_include_directories(wattle_flags INTERFACE ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR}/include
  ${CMAKE_BINARY_DIR}/generated)
target_compile_options(wattle_flags INTERFACE
  -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wvla
  -Wformat=2 -Wundef -Wwrite-strings -Wpointer-arith -Wcast-align -Wimplicit-fallthrough
  -fno-strict-aliasing -fstack-protector-strong $<$<BOOL:${WATTLE_WERROR}>:-Werror>)
# No path of the building machine in what is installed; coverage wants the real ones.
if(NOT WATTLE_COVERAGE)
  target_compile_options(wattle_flags INTERFACE -ffile-prefix-map=${CMAKE_SOURCE_DIR}/=
    $<$<BOOL:${WATTLE_OPENSSL}>:-ffile-prefix-map=${WATTLE_OPENSSL}/=openssl/>)
endif()
target_link_options(wattle_flags INTERFACE -Wl,-z,relro,-z,now -Wl,-z,noexecstack)
if(WATTLE_SANITIZE)
  target_compile_options(wattle_flags INTERFACE -fsanitize=${WATTLE_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all -O1)
  target_link_options(wattle_flags INTERFACE -fsanitize=${WATTLE_SANITIZE})
elseif(NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
  target_compile_definitions(wattle_flags INTERFACE _FORTIFY_SOURCE=2)
endif()
if(WATTLE_FUZZ)
  target_compile_options(wattle_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(WATTLE_COVERAGE)
  target_compile_options(wattle_flags INTERFACE -fprofile-instr-generate -fcoverage-mapping)
  target_link_options(wattle_flags INTERFACE -fprofile-instr-generate)
  target_compile_definitions(wattle_flags INTERFACE WTL_COVERAGE) # no compiler tells it by a macro of its own
endif()
