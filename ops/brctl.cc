#include <unistd.h>

#include <iostream>

#include "ops/brctl/run.h"

int main(int argument_count, char** arguments) {
  const ops::Environment environment = ops::environment_of(environ);
  return ops::brctl::run({arguments + 1, arguments + argument_count}, environment, std::cout, std::cerr);
}
