// INVARIANT(expression): stays on in release, one condition each, for our own bugs only; never for input.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace core {

[[noreturn]] inline void invariant_broken(const char* expression, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: invariant broken: %s\n", file, line, expression);
  std::abort();
}

}  // namespace core

#define INVARIANT(expression) \
  ((expression) ? static_cast<void>(0) : ::core::invariant_broken(#expression, __FILE__, __LINE__))
