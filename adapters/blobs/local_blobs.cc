#include "adapters/blobs/local_blobs.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <functional>
#include <optional>
#include <utility>

#include "core/invariant.h"
#include "processors/fault_point.h"
#include "schemas/digest.h"

namespace adapters::blobs {

// The 256 directories that blobs lie in, by the first byte of their digest. Each is made durable before its first use
// by this process: one that was found may have been made by a process that was killed before it could.
//
// Threading: any thread.
class Shelves {
 public:
  explicit Shelves(std::filesystem::path directory) : directory_(std::move(directory)) {}

  std::filesystem::path place_of(const core::Digest& digest) const {
    return directory_ / digest.value().substr(0, 2) / digest.value();
  }

  core::Result<void> prepare(const core::Digest& digest) {
    const std::string first = digest.value().substr(0, 2);
    std::atomic<bool>& durable = durable_[static_cast<unsigned char>(schemas::from_hex(first)->front())];
    if (durable) return {};
    auto made = files::make_directory(directory_ / first);
    if (made) durable = true;
    return made;
  }

 private:
  const std::filesystem::path directory_;
  std::array<std::atomic<bool>, 256> durable_{};
};

namespace {

using files::Descriptor;
using std::filesystem::path;

constexpr std::size_t writer_buffer_bytes = 256u << 10;
constexpr std::size_t segment_name_bytes_max = 512;
constexpr std::size_t segment_word_bytes_max = 255;  // of a file name

bool is_digest(const core::Digest& digest) {
  return digest.value().size() == 2 * schemas::sha256_bytes && schemas::from_hex(digest.value()).has_value();
}

bool is_segment_word(std::string_view word) {
  return !word.empty() && word.size() <= segment_word_bytes_max && word != "." && word != ".." &&
         word.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_.") == std::string_view::npos;
}

core::Result<void> check_segment_name(std::string_view name) {
  const core::Error refused{core::ErrorCode::invalid_request,
                            "a segment's name is words of [a-z0-9_.] with slashes "
                            "between them, 512 bytes at most"};
  if (name.size() > segment_name_bytes_max) return refused;
  for (std::size_t from = 0, slash = 0; slash != std::string_view::npos; from = slash + 1) {
    slash = name.find('/', from);
    if (!is_segment_word(name.substr(from, slash == std::string_view::npos ? slash : slash - from))) return refused;
  }
  return {};
}

core::Result<std::string> read_clamped(const Descriptor& file, std::uint64_t size, std::uint64_t offset,
                                       std::size_t length, const path& name) {
  if (offset >= size) return std::string();
  return files::read_at(file, offset, static_cast<std::size_t>(std::min<std::uint64_t>(length, size - offset)), name);
}

class Reader final : public processors::BlobReader {
 public:
  static core::Result<std::unique_ptr<processors::BlobReader>> open(const path& place) {
    std::error_code error;
    if (!std::filesystem::exists(place, error) && !error) {
      return core::Error{core::ErrorCode::blob_not_found, place.filename().string() + " is not in the blob store"};
    }
    auto file = files::open(place, O_RDONLY);
    if (!file) return file.error();
    auto size = files::size_of(*file, place);
    if (!size) return size.error();
    return std::make_unique<Reader>(*std::move(file), *size, place);
  }

  Reader(Descriptor file, std::uint64_t size, path place)
      : file_(std::move(file)), size_(size), path_(std::move(place)) {}

  std::uint64_t size() const override { return size_; }
  core::Result<std::string> read(std::uint64_t offset, std::size_t length) const override {
    return read_clamped(file_, size_, offset, length, path_);
  }

 private:
  Descriptor file_;
  std::uint64_t size_;
  path path_;
};

// Where a blob is to lie, its directory made.
using MakePlace = std::function<core::Result<path>(const core::Digest&)>;

class Writer final : public processors::BlobWriter {
 public:
  Writer(Descriptor file, path temporary, MakePlace make_place)
      : file_(std::move(file)), temporary_(std::move(temporary)), make_place_(std::move(make_place)) {}
  ~Writer() override {
    if (!finished_) ::unlink(temporary_.c_str());
  }

  core::Result<void> append(std::string_view bytes) override {
    if (failure_) return *failure_;
    INVARIANT(!finished_);
    hash_.update(bytes);
    buffer_ += bytes;
    return buffer_.size() < writer_buffer_bytes ? core::Result<void>() : note(write_buffer());
  }

  core::Result<core::Digest> finish() override {
    if (failure_) return *failure_;
    INVARIANT(!finished_);
    const core::Digest digest = hash_.finish();
    if (auto done = note(put_in_place(digest)); !done) return done.error();
    return digest;
  }

 private:
  core::Result<void> write_buffer() {
    auto done = files::write_all(file_, buffer_, temporary_);
    buffer_.clear();
    return done;
  }

  core::Result<void> put_in_place(const core::Digest& digest) {
    if (auto done = write_buffer(); !done) return done;
    if (auto done = files::sync(file_, temporary_); !done) return done;
    const core::Result<path> place = make_place_(digest);
    if (!place) return place.error();
    FAULT_POINT(F16);
    // The same content replaces itself: both files are whole, and whoever reads the old one keeps it.
    if (::rename(temporary_.c_str(), place->c_str()) != 0) return files::failure("cannot put in place", *place);
    finished_ = true;
    FAULT_POINT(F17);
    return files::sync_directory(place->parent_path());
  }

  core::Result<void> note(core::Result<void> outcome) {
    if (!outcome) failure_ = outcome.error();
    return outcome;
  }

  Descriptor file_;
  path temporary_;
  const MakePlace make_place_;
  schemas::Sha256 hash_;
  std::string buffer_;
  std::optional<core::Error> failure_;
  bool finished_ = false;
};

class LocalSegment final : public processors::Segment {
 public:
  LocalSegment(Descriptor file, std::uint64_t size, path place)
      : file_(std::move(file)), size_(size), path_(std::move(place)) {}

  std::uint64_t size() const override { return size_; }

  core::Result<void> append(std::string_view lines) override {
    if (failure_) return *failure_;
    if (auto written = files::write_all(file_, lines, path_); !written) {
      // No half line may stay in front of the next append.
      if (::ftruncate(file_.number(), static_cast<off_t>(size_)) != 0) failure_ = written.error();
      return written;
    }
    size_ += lines.size();
    return {};
  }

  core::Result<void> sync() override {
    if (failure_) return *failure_;
    if (::fdatasync(file_.number()) == 0) return {};
    failure_ = files::failure("cannot make durable", path_);
    return *failure_;
  }

  core::Result<void> truncate(std::uint64_t size) override {
    if (failure_) return *failure_;
    if (size > size_) {
      return core::Error{core::ErrorCode::storage_failed,
                         path_.string() + " is shorter than what was acknowledged of it: restore it from a backup"};
    }
    if (::ftruncate(file_.number(), static_cast<off_t>(size)) != 0) return files::failure("cannot cut back", path_);
    size_ = size;
    auto synced = files::sync(file_, path_);
    if (!synced) failure_ = synced.error();
    return synced;
  }

 private:
  Descriptor file_;
  std::uint64_t size_;
  path path_;
  std::optional<core::Error> failure_;
};

class LocalSpool final : public processors::Spool {
 public:
  LocalSpool(Descriptor file, path name) : file_(std::move(file)), path_(std::move(name)) {}

  std::uint64_t size() const override { return size_; }

  core::Result<std::string> read(std::uint64_t offset, std::size_t length) const override {
    return read_clamped(file_, size_, offset, length, path_);
  }

  core::Result<void> append(std::string_view bytes) override {
    if (failure_) return *failure_;
    if (auto written = files::write_all(file_, bytes, path_); !written) {
      failure_ = written.error();
      return written;
    }
    size_ += bytes.size();
    return {};
  }

 private:
  Descriptor file_;
  path path_;
  std::uint64_t size_ = 0;
  std::optional<core::Error> failure_;
};

// An org's id as a name of a directory.
core::Result<void> check_owner(const core::OrgId& owner) {
  if (is_segment_word(owner.value())) return {};
  return core::Error{core::ErrorCode::invalid_request, "an org's id is of [a-z0-9_.]"};
}

core::Result<void> remove_file(const path& place) {
  if (::unlink(place.c_str()) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return {};
    return files::failure("cannot remove", place);
  }
  return files::sync_directory(place.parent_path());
}

}  // namespace

LocalBlobs::LocalBlobs(path directory, Descriptor membership)
    : shelves_(std::make_unique<Shelves>(directory / "sha256")),
      orgs_(directory / "orgs"),
      segments_(directory / "segments"),
      incoming_(directory / "incoming"),
      spool_(directory / "spool"),
      membership_(std::move(membership)) {}

LocalBlobs::~LocalBlobs() = default;

core::Result<std::unique_ptr<LocalBlobs>> LocalBlobs::open(const path& directory) {
  if (auto made = files::make_directories(directory); !made) return made.error();
  for (const char* part : {"sha256", "orgs", "segments", "incoming", "spool"}) {
    if (::mkdir((directory / part).c_str(), 0700) != 0 && errno != EEXIST)
      return files::failure("cannot make directory", directory / part);
  }
  if (auto synced = files::sync_directory(directory); !synced) return synced.error();
  auto joined = files::join_directory(directory, {directory / "incoming", directory / "spool", directory / "orgs"});
  if (!joined) return joined.error();
  return std::unique_ptr<LocalBlobs>(new LocalBlobs(directory, *std::move(joined)));
}

core::Result<std::unique_ptr<LocalBlobs>> LocalBlobs::open_existing(const path& directory) {
  std::error_code error;
  if (!std::filesystem::is_directory(directory / "sha256", error)) {
    return core::Error{core::ErrorCode::storage_failed, "there are no blobs in " + directory.string() +
                                                            "; is data.shared_directory that of the service?"};
  }
  return std::unique_ptr<LocalBlobs>(new LocalBlobs(directory, Descriptor()));
}

core::Result<std::unique_ptr<processors::BlobWriter>> LocalBlobs::create() {
  path temporary;
  auto file = files::open_temporary(incoming_, temporary);
  if (!file) return file.error();
  const MakePlace on_shelf = [this](const core::Digest& digest) -> core::Result<path> {
    if (auto done = shelves_->prepare(digest); !done) return done.error();
    return shelves_->place_of(digest);
  };
  return std::make_unique<Writer>(*std::move(file), std::move(temporary), on_shelf);
}

core::Result<std::unique_ptr<processors::BlobWriter>> LocalBlobs::create(const core::OrgId& owner) {
  if (auto checked = check_owner(owner); !checked) return checked.error();
  path temporary;
  auto file = files::open_temporary(incoming_, temporary);
  if (!file) return file.error();
  const MakePlace of_owner = [directory = orgs_ / owner.value()](const core::Digest& digest) -> core::Result<path> {
    if (auto made = files::make_directory(directory); !made) return made.error();
    return directory / digest.value();
  };
  return std::make_unique<Writer>(*std::move(file), std::move(temporary), of_owner);
}

core::Result<std::unique_ptr<processors::BlobReader>> LocalBlobs::open(const core::OrgId& owner,
                                                                       const core::Digest& digest) const {
  if (auto checked = check_owner(owner); !checked) return checked.error();
  if (is_digest(digest)) {
    auto opened = Reader::open(orgs_ / owner.value() / digest.value());
    if (opened || opened.error().code != core::ErrorCode::blob_not_found) return opened;
  }
  return open(digest);
}

core::Result<void> LocalBlobs::erase(const core::OrgId& owner) {
  if (auto checked = check_owner(owner); !checked) return checked;
  const path directory = orgs_ / owner.value();
  std::error_code error;
  if (std::filesystem::is_regular_file(directory, error)) return {};
  std::filesystem::remove_all(directory, error);
  if (error) {
    return core::Error{core::ErrorCode::storage_failed, "cannot remove " + directory.string() + ": " + error.message()};
  }
  return files::write_durably(directory, "erased\n");
}

core::Result<std::unique_ptr<processors::BlobReader>> LocalBlobs::open(const core::Digest& digest) const {
  if (!is_digest(digest)) {
    return core::Error{core::ErrorCode::blob_not_found, "a blob's name is 64 lower-case hexadecimal digits"};
  }
  return Reader::open(shelves_->place_of(digest));
}

core::Result<std::unique_ptr<processors::Spool>> LocalBlobs::create_spool() {
  path name;
  auto file = files::open_temporary(spool_, name);
  if (!file) return file.error();
  // From here on only the descriptor holds the bytes: they go with it, however this process ends.
  if (::unlink(name.c_str()) != 0) return files::failure("cannot remove", name);
  return std::make_unique<LocalSpool>(*std::move(file), std::move(name));
}

// Where a name lies, with the directories on the way there.
core::Result<path> LocalBlobs::make_place(const std::string& name) {
  if (auto checked = check_segment_name(name); !checked) return checked.error();
  const path relative(name);
  path parent = segments_;
  for (const path& word : relative.parent_path())
    if (auto made = files::make_directory(parent /= word); !made) return made.error();
  return segments_ / relative;
}

core::Result<std::unique_ptr<processors::Segment>> LocalBlobs::open_segment(const std::string& name) {
  const auto place = make_place(name);
  if (!place) return place.error();
  auto file = files::open(*place, O_RDWR | O_CREAT | O_APPEND);
  if (!file) return file.error();
  if (auto synced = files::sync_directory(place->parent_path()); !synced) return synced.error();
  auto size = files::size_of(*file, *place);
  if (!size) return size.error();
  return std::make_unique<LocalSegment>(*std::move(file), *size, *place);
}

core::Result<std::unique_ptr<processors::BlobReader>> LocalBlobs::read_segment(const std::string& name) const {
  if (auto checked = check_segment_name(name); !checked) return checked.error();
  return Reader::open(segments_ / name);
}

core::Result<void> LocalBlobs::put(const std::string& name, std::string_view bytes) {
  const auto place = make_place(name);
  if (!place) return place.error();
  return files::write_durably(*place, bytes);
}

core::Result<std::vector<std::string>> LocalBlobs::list(const std::string& below) const {
  if (auto checked = check_segment_name(below); !checked) return checked.error();
  std::vector<std::string> names;
  std::error_code error;
  std::filesystem::recursive_directory_iterator entry(segments_ / below, error);
  if (error == std::errc::no_such_file_or_directory || error == std::errc::not_a_directory) return names;
  for (; !error && entry != std::filesystem::recursive_directory_iterator(); entry.increment(error)) {
    std::string name = entry->path().lexically_relative(segments_).string();
    if (entry->is_regular_file(error) && !entry->path().filename().string().starts_with(files::temporary_prefix))
      names.push_back(std::move(name));
  }
  if (error) {
    return core::Error{core::ErrorCode::storage_failed,
                       "cannot list " + (segments_ / below).string() + ": " + error.message()};
  }
  std::sort(names.begin(), names.end());
  return names;
}

core::Result<void> LocalBlobs::remove(const std::string& name) {
  if (auto checked = check_segment_name(name); !checked) return checked.error();
  return remove_file(segments_ / name);
}

core::Result<void> LocalBlobs::remove_blob(const core::Digest& digest) {
  if (!is_digest(digest)) return {};
  return remove_file(shelves_->place_of(digest));
}

}  // namespace adapters::blobs
