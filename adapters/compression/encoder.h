#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "adapters/compression/encoding.h"

namespace adapters::compression {

// Codes one body, whole or piece by piece, as one gzip member or one zstd frame. Memory stays below 2 MiB whatever the
// body's size; the levels are those of answers made while a client waits.
//
// Threading: one thread at a time.
class Encoder {
 public:
  enum class Then { more, end };

  explicit Encoder(Encoding encoding);
  ~Encoder();

  // What is to be sent now that `plain` has come: perhaps nothing while there is more. After `end` the body is whole
  // and nothing more may come.
  std::string encode(std::string_view plain, Then then);

  class Stream;  // one coding's state

 private:
  std::unique_ptr<Stream> stream_;
};

}  // namespace adapters::compression
