#include "adapters/compression/decoder.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <string>

#include "core/invariant.h"

namespace adapters::compression {
namespace {

constexpr std::size_t piece_bytes = 64u << 10;
constexpr std::uint64_t ratio_free_bytes = 1u << 20;
constexpr int zstd_window_log_max = 23;

}  // namespace

class Decoder::Stream {
 public:
  struct Step {
    std::size_t consumed = 0;
    std::string_view piece;  // valid until the next step
    bool broken = false;
  };

  virtual ~Stream() = default;
  // A step that neither consumes nor gives anything has no more to do until more is fed.
  virtual Step step(std::string_view in) = 0;
  // Whether the body may end here.
  virtual bool complete() const = 0;
};

namespace {

class Identity final : public Decoder::Stream {
 public:
  Step step(std::string_view in) override { return {in.size(), in}; }
  bool complete() const override { return true; }
};

class Gzip final : public Decoder::Stream {
 public:
  Gzip() {
    constexpr int gzip_only = 16;
    INVARIANT(::inflateInit2(&stream_, MAX_WBITS + gzip_only) == Z_OK);
  }
  ~Gzip() override { ::inflateEnd(&stream_); }

  Step step(std::string_view in) override {
    if (in.empty() && at_member_end_) return {};
    if (at_member_end_) INVARIANT(::inflateReset(&stream_) == Z_OK);
    at_member_end_ = false;
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
    stream_.avail_in = static_cast<uInt>(std::min(in.size(), piece_bytes));
    const std::size_t offered = stream_.avail_in;
    stream_.next_out = reinterpret_cast<Bytef*>(buffer_.data());
    stream_.avail_out = static_cast<uInt>(buffer_.size());
    const int outcome = ::inflate(&stream_, Z_NO_FLUSH);
    at_member_end_ = outcome == Z_STREAM_END;
    const bool broken = outcome != Z_OK && outcome != Z_STREAM_END && outcome != Z_BUF_ERROR;
    return {offered - stream_.avail_in, {buffer_.data(), buffer_.size() - stream_.avail_out}, broken};
  }

  bool complete() const override { return at_member_end_; }

 private:
  z_stream stream_{};
  std::array<char, piece_bytes> buffer_;
  bool at_member_end_ = false;
};

class Zstd final : public Decoder::Stream {
 public:
  Zstd() {
    INVARIANT(stream_ != nullptr);
    INVARIANT(ZSTD_isError(ZSTD_DCtx_setParameter(stream_.get(), ZSTD_d_windowLogMax, zstd_window_log_max)) == 0);
  }

  Step step(std::string_view in) override {
    if (in.empty() && at_frame_end_) return {};
    ZSTD_inBuffer input{in.data(), in.size(), 0};
    ZSTD_outBuffer output{buffer_.data(), buffer_.size(), 0};
    const std::size_t outcome = ZSTD_decompressStream(stream_.get(), &output, &input);
    at_frame_end_ = outcome == 0;
    return {input.pos, {buffer_.data(), output.pos}, ZSTD_isError(outcome) != 0};
  }

  bool complete() const override { return at_frame_end_; }

 private:
  std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> stream_{ZSTD_createDCtx(), ZSTD_freeDCtx};
  std::array<char, piece_bytes> buffer_;
  bool at_frame_end_ = false;
};

std::unique_ptr<Decoder::Stream> make_stream(Encoding encoding) {
  switch (encoding) {
    case Encoding::identity: return std::make_unique<Identity>();
    case Encoding::gzip: return std::make_unique<Gzip>();
    case Encoding::zstd: return std::make_unique<Zstd>();
  }
  return nullptr;
}

}  // namespace

Decoder::Decoder(Encoding encoding, std::uint64_t decoded_bytes_max)
    : encoding_(encoding), decoded_bytes_max_(decoded_bytes_max), stream_(make_stream(encoding)) {}

Decoder::~Decoder() = default;

core::Result<void> Decoder::feed(std::string_view in, const Out& out) {
  if (failure_) return *failure_;
  if (in.empty()) return {};  // zstd takes many calls without input for a fault
  for (;;) {
    const Stream::Step step = stream_->step(in);
    encoded_bytes_ += step.consumed;
    in.remove_prefix(step.consumed);
    auto taken = take(step.piece, out);
    if (taken && step.broken) {
      taken = core::Error{core::ErrorCode::invalid_request,
                          "the body is not valid " + std::string(to_string(encoding_)) +
                              ", as its Content-Encoding says (zstd windows may have 8 MiB); send it again"};
    }
    if (!taken) {
      failure_ = taken.error();
      return taken;
    }
    if (step.consumed == 0 && step.piece.empty()) return {};
  }
}

core::Result<void> Decoder::take(std::string_view piece, const Out& out) {
  if (piece.empty()) return {};
  decoded_bytes_ += piece.size();
  if (decoded_bytes_ > decoded_bytes_max_) {
    return core::Error{core::ErrorCode::payload_too_large,
                       "the decoded body is larger than " + std::to_string(decoded_bytes_max_) + " bytes: split it"};
  }
  if (decoded_bytes_ > ratio_free_bytes && decoded_bytes_ / ratio_max >= encoded_bytes_) {
    return core::Error{core::ErrorCode::payload_too_large,
                       "the body decodes to more than 1000 times its size: send it "
                       "without Content-Encoding if it is meant"};
  }
  return out(piece);
}

core::Result<void> Decoder::finish() {
  if (failure_) return *failure_;
  if (stream_->complete()) return {};
  failure_ = core::Error{core::ErrorCode::invalid_request,
                         "the " + std::string(to_string(encoding_)) + " body ends too early: send it whole"};
  return *failure_;
}

}  // namespace adapters::compression
