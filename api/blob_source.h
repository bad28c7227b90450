// A stored object on its way to a client, piece by piece.
#pragma once

#include <memory>
#include <utility>

#include "api/http/coroutines.h"
#include "api/http/response.h"
#include "processors/ports/blob_store.h"

namespace api {

class BlobSource final : public http::BodySource {
 public:
  BlobSource(std::unique_ptr<processors::BlobReader> blob, boost::asio::any_io_executor blocking)
      : blob_(std::move(blob)), blocking_(std::move(blocking)) {}

  std::optional<std::uint64_t> length() const override { return blob_->size(); }
  // Errors: storage_failed.
  http::awaitable<core::Result<std::string>> next(std::size_t bytes_max) override {
    auto work = [this, bytes_max] { return blob_->read(offset_, bytes_max); };
    core::Result<std::string> piece = co_await http::run_on(blocking_, std::move(work));
    if (piece) offset_ += piece->size();
    co_return piece;
  }

 private:
  const std::unique_ptr<processors::BlobReader> blob_;
  const boost::asio::any_io_executor blocking_;
  std::uint64_t offset_ = 0;
};

}  // namespace api
