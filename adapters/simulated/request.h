// Reads a request body as the vendor of its operation would, and refuses what the vendor would refuse.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/catalog.h"
#include "core/result.h"

namespace adapters::simulated {

struct Request {
  std::int64_t input_tokens = 0;
  bool wants_json = false;
  std::string json_schema;            // that the answer must fit; empty: none asked for
  std::vector<std::string> to_embed;  // one text an embedding; token arrays as their JSON
  std::size_t dimensions = 256;       // of an embedding
};

// Tokens are those of the text the model would see, and four for each message. Images and tools count nothing.
//
// Errors: invalid_request. Every body: a JSON object; `temperature` 0 to 2 (messages: 0 to 1); `top_p` 0 to 1;
// `stream` not true; a JSON schema at most 64 levels deep.
//   chat_completions  `messages` not empty, each an object with a known role and a content; `n` 1; `max_tokens` and
//                     `max_completion_tokens` at least 1; `response_format.type` text, json_object or json_schema
//   responses         `input` a text or array, not empty, roles known; `max_output_tokens` at least 1;
//   `text.format.type`
//                     as above; `background` not true
//   messages          `messages` not empty, roles user and assistant, the first one user; `max_tokens` at least 1
//   embeddings        `input` a text, an array of texts, of tokens or of arrays of tokens, none empty, 2,048 at most;
//                     `dimensions` 1 to 3,072; `encoding_format` float
core::Result<Request> read_request(core::Operation operation, std::string_view input);

}  // namespace adapters::simulated
