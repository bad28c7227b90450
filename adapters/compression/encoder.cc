#include "adapters/compression/encoder.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>

#include "core/invariant.h"

namespace adapters::compression {
namespace {

constexpr std::size_t step_bytes = 64u << 10;
constexpr int gzip_level = 6;
constexpr int zstd_level = 3;
constexpr int zstd_window_log = 19;  // less than the level's own 21: a service has many answers under way

}  // namespace

class Encoder::Stream {
 public:
  virtual ~Stream() = default;
  virtual void encode(std::string_view plain, Then then, std::string& out) = 0;
};

namespace {

class Identity final : public Encoder::Stream {
 public:
  void encode(std::string_view plain, Encoder::Then, std::string& out) override { out += plain; }
};

class Gzip final : public Encoder::Stream {
 public:
  Gzip() {
    constexpr int gzip_header = 16;
    constexpr int memory_level = 8;
    INVARIANT(::deflateInit2(&stream_, gzip_level, Z_DEFLATED, MAX_WBITS + gzip_header, memory_level,
                             Z_DEFAULT_STRATEGY) == Z_OK);
  }
  ~Gzip() override { ::deflateEnd(&stream_); }

  void encode(std::string_view plain, Encoder::Then then, std::string& out) override {
    for (;;) {
      const std::string_view step = plain.substr(0, step_bytes);
      plain.remove_prefix(step.size());
      const bool last = plain.empty() && then == Encoder::Then::end;
      stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(step.data()));
      stream_.avail_in = static_cast<uInt>(step.size());
      do {
        stream_.next_out = reinterpret_cast<Bytef*>(buffer_.data());
        stream_.avail_out = static_cast<uInt>(buffer_.size());
        INVARIANT(::deflate(&stream_, last ? Z_FINISH : Z_NO_FLUSH) != Z_STREAM_ERROR);
        out.append(buffer_.data(), buffer_.size() - stream_.avail_out);
      } while (stream_.avail_out == 0);
      if (plain.empty()) return;
    }
  }

 private:
  z_stream stream_{};
  std::array<char, step_bytes> buffer_;
};

class Zstd final : public Encoder::Stream {
 public:
  Zstd() {
    INVARIANT(context_ != nullptr);
    set(ZSTD_c_compressionLevel, zstd_level);
    set(ZSTD_c_windowLog, zstd_window_log);
  }

  void encode(std::string_view plain, Encoder::Then then, std::string& out) override {
    const bool last = then == Encoder::Then::end;
    ZSTD_inBuffer input{plain.data(), plain.size(), 0};
    for (;;) {
      ZSTD_outBuffer output{buffer_.data(), buffer_.size(), 0};
      const std::size_t left =
          ZSTD_compressStream2(context_.get(), &output, &input, last ? ZSTD_e_end : ZSTD_e_continue);
      INVARIANT(ZSTD_isError(left) == 0);
      out.append(buffer_.data(), output.pos);
      if (last ? left == 0 : input.pos == input.size) return;
    }
  }

 private:
  void set(ZSTD_cParameter parameter, int value) {
    INVARIANT(ZSTD_isError(ZSTD_CCtx_setParameter(context_.get(), parameter, value)) == 0);
  }

  std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context_{ZSTD_createCCtx(), ZSTD_freeCCtx};
  std::array<char, step_bytes> buffer_;
};

std::unique_ptr<Encoder::Stream> make_stream(Encoding encoding) {
  switch (encoding) {
    case Encoding::identity: return std::make_unique<Identity>();
    case Encoding::gzip: return std::make_unique<Gzip>();
    case Encoding::zstd: return std::make_unique<Zstd>();
  }
  return nullptr;
}

}  // namespace

Encoder::Encoder(Encoding encoding) : stream_(make_stream(encoding)) {}
Encoder::~Encoder() = default;

std::string Encoder::encode(std::string_view plain, Then then) {
  std::string out;
  stream_->encode(plain, then, out);
  return out;
}

}  // namespace adapters::compression
