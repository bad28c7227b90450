set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

set(BATCHROUTER_SANITIZE "" CACHE STRING "Sanitizers to build with, e.g. address,undefined or thread")

find_program(CCACHE ccache)
if(CCACHE)
  # Paths count from the checkout, so that a clone elsewhere finds what another one has compiled.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_CURRENT_SOURCE_DIR} CCACHE_NOHASHDIR=true ${CCACHE})
endif()
find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()

if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # For fuzzing alone: g++ does the warning. Clang 14 has the coroutines of the standard and does not say so.
  add_compile_options(-w -fsanitize-ignorelist=${PROJECT_SOURCE_DIR}/tests/support/fuzz_ignore.txt)
  add_compile_definitions(__cpp_impl_coroutine=201902L BOOST_ASIO_HAS_CO_AWAIT)
else()
  add_compile_options(-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  add_compile_options(-Wno-mismatched-new-delete)  # false alarms at the frames of Asio's coroutines
endif()
# Hardening; tests/security/supply_chain_test.py looks for it in the programs. Position-independent is set above, and is
# what Debian's compiler links anyway.
add_compile_options(-fstack-protector-strong $<$<CONFIG:Release>:-fstack-clash-protection> -fcf-protection)
add_link_options(-Wl,-z,relro,-z,now,-z,noexecstack)
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
  # Of standard containers: an index out of range ends the process instead of reading on. For its cost see docs/threat_model.md.
  add_compile_options(-D_GLIBCXX_ASSERTIONS)
  # No path of this checkout in what is compiled.
  add_compile_options(-ffile-prefix-map=${CMAKE_SOURCE_DIR}=.)
endif()
if(BATCHROUTER_SANITIZE MATCHES thread)
  add_compile_options(-Wno-tsan)  # Asio uses atomic_thread_fence, which g++ 12 says it cannot follow
endif()
if(BATCHROUTER_SANITIZE)
  add_compile_options(-fsanitize=${BATCHROUTER_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${BATCHROUTER_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    add_compile_options(-fno-sanitize=function)  # Clang 14 cannot have it in coroutines
  endif()
  if(BATCHROUTER_SANITIZE STREQUAL "thread")
    add_compile_definitions(BOOST_ASIO_DISABLE_FENCED_BLOCK)  # TSan knows no fences; Asio's queues have mutexes besides
  endif()
endif()
