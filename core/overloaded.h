#pragma once

namespace core {

// Visits a std::variant with one lambda an alternative; a missing one does not compile.
template <class... Functions>
struct Overloaded : Functions... {
  using Functions::operator()...;
};
template <class... Functions>
Overloaded(Functions...) -> Overloaded<Functions...>;

}  // namespace core
