#include "adapters/files/testing/simulated_disk.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace adapters::files {
namespace {

constexpr std::size_t sector_bytes = 512;

using Path = std::filesystem::path;

// To the contents of a file, since its last sync: its size, or bytes within it.
struct Change {
  std::optional<std::uint64_t> size = {};
  std::uint64_t position = 0;
  std::string bytes = {};
};

struct Content {
  std::string now;
  std::string durable;
  std::vector<Change> changes;  // from the one to the other
};

// Under a name: a file, or a directory.
struct Node {
  std::shared_ptr<Content> file;
};
using Names = std::map<Path, Node>;

// To names of one directory, all or none of them.
struct NameChange {
  Path directory;
  std::vector<std::pair<Path, std::optional<Node>>> names;
};

void apply_to(Names& names, const NameChange& change) {
  for (const auto& [path, node] : change.names) {
    if (node) {
      names.insert_or_assign(path, *node);
    } else {
      names.erase(path);
    }
  }
}

void put(std::string& content, std::uint64_t position, std::string_view bytes) {
  if (position >= content.size()) return;
  bytes = bytes.substr(0, content.size() - position);
  content.replace(position, bytes.size(), bytes);
}

void apply_to(std::string& content, const Change& change) {
  if (change.size) {
    content.resize(*change.size, '\0');
  } else {
    put(content, change.position, change.bytes);
  }
}

// One run of a process.
struct Life {
  bool over = false;
};

enum class Operation { look, grow, change, sync };

core::Error failure(const Path& path, std::string_view reason) {
  return core::Error{core::ErrorCode::storage_failed, path.string() + ": " + std::string(reason)};
}

constexpr std::string_view input_output_error = "Input/output error";

}  // namespace

struct SimulatedDisk::Platter {
  explicit Platter(Random source) : random(std::move(source)) { names["/"] = durable["/"] = {}; }

  std::mutex mutex;  // of all that follows
  Random random;
  Names names;
  Names durable;
  std::vector<NameChange> name_changes;
  std::vector<std::shared_ptr<Life>> lives;
  std::map<Path, std::shared_ptr<Life>> locks;
  Faults faults;
  std::uint64_t operations = 0;
  std::optional<std::pair<std::uint64_t, Fault>> failing;  // which operation, and how

  std::uint64_t below(std::uint64_t end) { return random() % end; }
  bool happens(double probability) {
    return probability > 0 && static_cast<double>(random() >> 11) < probability * static_cast<double>(1ull << 53);
  }

  double error_of(Operation operation) const {
    switch (operation) {
      case Operation::look: return faults.read_error;
      case Operation::grow:
      case Operation::change: return faults.write_error;
      case Operation::sync: return faults.sync_error;
    }
    return 0;
  }

  // What is wrong with this operation, if anything.
  std::optional<std::string_view> begin(Life& life, Operation operation) {
    if (life.over) return "the process is over";
    std::optional<Fault> fault;
    if (failing && failing->first == operations) fault = std::exchange(failing, std::nullopt)->second;
    ++operations;
    if (happens(error_of(operation))) fault = Fault::error;
    if (operation == Operation::grow && happens(faults.no_space)) fault = Fault::no_space;
    if (!fault || (*fault == Fault::no_space && operation != Operation::grow)) return std::nullopt;
    if (*fault == Fault::death) life.over = true;
    return *fault == Fault::no_space ? "No space left on device" : input_output_error;
  }

  void change_names(NameChange change) {
    apply_to(names, change);
    name_changes.push_back(std::move(change));
  }

  static void change(Content& content, Change change) {
    apply_to(content.now, change);
    content.changes.push_back(std::move(change));
  }

  static void write(Content& content, std::uint64_t position, std::string_view bytes) {
    if (bytes.empty()) return;
    if (position + bytes.size() > content.now.size()) change(content, {.size = position + bytes.size()});
    change(content, {.position = position, .bytes = std::string(bytes)});
  }

  void fail_sync(Content& content) {
    for (const Change& change : content.changes) {
      if (!change.size && below(2) == 0) put(content.durable, change.position, torn(change.bytes));
    }
    std::erase_if(content.changes, [](const Change& change) { return !change.size; });
  }

  std::string_view torn(std::string_view bytes) { return bytes.substr(0, below(bytes.size() + 1)); }

  // Of a write, `kept` tells of each byte whether it came to the disk.
  template <class Kept>
  void write_partly(std::string& content, const Change& write, Rest rest, Kept kept) {
    for (std::size_t i = 0; i < write.bytes.size(); ++i) {
      const std::size_t at = write.position + i;
      if (at >= content.size()) return;
      if (content[at] == write.bytes[i]) continue;
      if (kept(at)) {
        content[at] = write.bytes[i];
      } else if (rest != Rest::as_before) {
        content[at] = rest == Rest::zeros ? '\0' : static_cast<char>(random());
      }
    }
  }

  // What came to the disk of the first `whole` changes and of the next one.
  void keep_first(Content& content, std::size_t whole, std::size_t next_bytes, Rest rest) {
    for (std::size_t i = 0; i < content.changes.size(); ++i) {
      const Change& change = content.changes[i];
      if (i < whole) {
        apply_to(content.durable, change);
      } else if (!change.size) {
        const std::uint64_t end = i == whole ? change.position + next_bytes : change.position;
        write_partly(content.durable, change, rest, [&](std::size_t at) { return at < end; });
      }
    }
  }

  void keep_sectors(Content& content, Rest rest) {
    std::size_t sizes = below(content.changes.size() + 1);  // these keep their order
    for (const Change& change : content.changes) {
      if (!change.size) {
        std::map<std::size_t, bool> kept;
        write_partly(content.durable, change, rest, [&](std::size_t at) {
          const auto [sector, is_new] = kept.try_emplace(at / sector_bytes, false);
          if (is_new) sector->second = below(2) == 0;
          return sector->second;
        });
      } else if (sizes > 0) {
        --sizes;
        apply_to(content.durable, change);
      }
    }
  }

  void lose_some(Content& content) {
    if (content.changes.empty()) return;
    const Rest rest = static_cast<Rest>(below(3));
    switch (below(3)) {
      case 0: return;
      case 1: {
        const std::size_t whole = below(content.changes.size());
        return keep_first(content, whole, below(content.changes[whole].bytes.size() + 1), rest);
      }
      default: return keep_sectors(content, rest);
    }
  }

  void lose_names() {
    const std::uint64_t keep_one_in = below(3);  // none, all, or every other one
    std::set<Path> forgotten;
    for (const NameChange& change : name_changes) {
      const bool follows =
          std::ranges::none_of(change.names, [&](const auto& c) { return forgotten.contains(c.first); });
      if (follows && keep_one_in > 0 && below(keep_one_in) == 0) {
        apply_to(durable, change);
      } else {
        for (const auto& [path, node] : change.names) forgotten.insert(path);
      }
    }
  }

  void keep_all_names() {
    for (const NameChange& change : name_changes) apply_to(durable, change);
  }

  template <class Lose>
  void come_back(Lose lose) {
    // Names sort behind the directory they are in.
    std::erase_if(durable, [&](const auto& entry) { return !durable.contains(entry.first.parent_path()); });
    for (const auto& [path, node] : durable) {
      if (!node.file) continue;
      lose(*node.file);
      node.file->changes.clear();
      node.file->now = node.file->durable;
    }
    names = durable;
    name_changes.clear();
    end_lives();
  }

  void end_lives() {
    for (const auto& life : lives) life->over = true;
    lives.clear();
    locks.clear();
    failing.reset();
  }
};

namespace {

using Platter = SimulatedDisk::Platter;

// Of a process: its part of the platter.
struct Mounted {
  std::shared_ptr<Platter> platter;
  std::shared_ptr<Life> life;

  std::optional<core::Error> begin(Operation operation, const Path& path) const {
    if (const auto wrong = platter->begin(*life, operation)) return failure(path, *wrong);
    return std::nullopt;
  }
};

class SimulatedFile final : public DiskFile {
 public:
  SimulatedFile(Mounted mounted, Path path, std::shared_ptr<Content> content)
      : mounted_(std::move(mounted)), path_(std::move(path)), content_(std::move(content)) {}

  core::Result<std::uint64_t> size() const override {
    const std::scoped_lock lock(mounted_.platter->mutex);
    if (auto failed = mounted_.begin(Operation::look, path_)) return *std::move(failed);
    return content_->now.size();
  }

  core::Result<std::size_t> read_at(std::uint64_t position, char* into, std::size_t bytes) const override {
    const std::scoped_lock lock(mounted_.platter->mutex);
    if (auto failed = mounted_.begin(Operation::look, path_)) return *std::move(failed);
    if (position >= content_->now.size()) return std::size_t{0};
    const std::size_t count = content_->now.copy(into, bytes, position);
    Platter& platter = *mounted_.platter;
    if (count > 0 && platter.happens(platter.faults.bit_flip)) {
      char& unlucky = into[platter.below(count)];
      unlucky = static_cast<char>(unlucky ^ (1 << platter.below(8)));
    }
    return count;
  }

  core::Result<void> write_at(std::uint64_t position, std::string_view bytes) override {
    const std::scoped_lock lock(mounted_.platter->mutex);
    const bool alive = !mounted_.life->over;
    if (auto failed = mounted_.begin(Operation::grow, path_)) {
      if (alive) Platter::write(*content_, position, mounted_.platter->torn(bytes));
      return *std::move(failed);
    }
    Platter::write(*content_, position, bytes);
    return {};
  }

  core::Result<void> allocate(std::uint64_t bytes) override {
    const std::scoped_lock lock(mounted_.platter->mutex);
    if (auto failed = mounted_.begin(Operation::grow, path_)) return *std::move(failed);
    if (bytes > content_->now.size()) Platter::change(*content_, {.size = bytes});
    return {};
  }

  core::Result<void> truncate(std::uint64_t bytes) override {
    const std::scoped_lock lock(mounted_.platter->mutex);
    if (auto failed = mounted_.begin(Operation::change, path_)) return *std::move(failed);
    Platter::change(*content_, {.size = bytes});
    return {};
  }

  core::Result<void> sync_data() override {
    const std::scoped_lock lock(mounted_.platter->mutex);
    if (auto failed = begin_sync()) return *std::move(failed);
    const auto sized =
        std::ranges::find_if(content_->changes, [](const Change& change) { return change.size.has_value(); });
    bring_to_disk(sized);
    return {};
  }

  core::Result<void> sync() override {
    const std::scoped_lock lock(mounted_.platter->mutex);
    if (auto failed = begin_sync()) return *std::move(failed);
    bring_to_disk(content_->changes.end());
    return {};
  }

 private:
  std::optional<core::Error> begin_sync() {
    auto failed = mounted_.begin(Operation::sync, path_);
    if (failed && !mounted_.life->over) mounted_.platter->fail_sync(*content_);
    return failed;
  }

  void bring_to_disk(std::vector<Change>::iterator end) {
    for (auto change = content_->changes.begin(); change != end; ++change) apply_to(content_->durable, *change);
    content_->changes.erase(content_->changes.begin(), end);
  }

  const Mounted mounted_;
  const Path path_;
  const std::shared_ptr<Content> content_;
};

class SimulatedLock final : public DiskLock {
 public:
  SimulatedLock(Mounted mounted, Path path) : mounted_(std::move(mounted)), path_(std::move(path)) {}
  ~SimulatedLock() override {
    const std::scoped_lock lock(mounted_.platter->mutex);
    if (!mounted_.life->over) mounted_.platter->locks.erase(path_);
  }

 private:
  const Mounted mounted_;
  const Path path_;
};

class MountedDisk final : public Disk {
 public:
  explicit MountedDisk(Mounted mounted) : mounted_(std::move(mounted)) {}

  core::Result<std::unique_ptr<DiskFile>> open(const Path& path, Mode mode) override {
    const std::scoped_lock lock(mounted_.platter->mutex);
    const bool creates = mode == Mode::create_new;
    if (auto failed = mounted_.begin(creates ? Operation::grow : Operation::look, path)) return *std::move(failed);
    const auto found = platter().names.find(path);
    const bool there = found != platter().names.end();
    if (creates) {
      if (there) return failure(path, "File exists");
      if (!is_directory(path.parent_path())) return failure(path, "No such directory");
      const auto content = std::make_shared<Content>();
      platter().change_names({path.parent_path(), {{path, Node{content}}}});
      return std::make_unique<SimulatedFile>(mounted_, path, content);
    }
    if (!there || !found->second.file) return failure(path, there ? "Is a directory" : "No such file or directory");
    return std::make_unique<SimulatedFile>(mounted_, path, found->second.file);
  }

  core::Result<void> rename(const Path& from, const Path& to) override {
    const std::scoped_lock lock(mounted_.platter->mutex);
    if (auto failed = mounted_.begin(Operation::change, from)) return *std::move(failed);
    const auto found = platter().names.find(from);
    if (found == platter().names.end()) return failure(from, "No such file or directory");
    platter().change_names({to.parent_path(), {{from, std::nullopt}, {to, found->second}}});
    return {};
  }

  core::Result<void> remove(const Path& path) override {
    const std::scoped_lock lock(mounted_.platter->mutex);
    if (auto failed = mounted_.begin(Operation::change, path)) return *std::move(failed);
    if (platter().names.contains(path)) platter().change_names({path.parent_path(), {{path, std::nullopt}}});
    return {};
  }

  core::Result<void> make_directories(const Path& directory) override {
    const std::scoped_lock lock(mounted_.platter->mutex);
    if (auto failed = mounted_.begin(Operation::grow, directory)) return *std::move(failed);
    Path path;
    for (const Path& name : directory) {
      path /= name;
      platter().names.try_emplace(path);
      platter().durable.try_emplace(path);
    }
    return {};
  }

  core::Result<void> sync_directory(const Path& directory) override {
    const std::scoped_lock lock(mounted_.platter->mutex);
    if (auto failed = mounted_.begin(Operation::sync, directory)) return *std::move(failed);
    if (!is_directory(directory)) return failure(directory, "No such directory");
    std::erase_if(platter().name_changes, [&](const NameChange& change) {
      if (change.directory != directory) return false;
      apply_to(platter().durable, change);
      return true;
    });
    return {};
  }

  bool exists(const Path& path) const override {
    const std::scoped_lock lock(mounted_.platter->mutex);
    return !mounted_.life->over && platter().names.contains(path);
  }

  core::Result<std::vector<std::string>> list(const Path& directory) const override {
    const std::scoped_lock lock(mounted_.platter->mutex);
    if (auto failed = mounted_.begin(Operation::look, directory)) return *std::move(failed);
    if (!is_directory(directory)) return failure(directory, "No such directory");
    std::vector<std::string> found;
    for (const auto& [path, node] : platter().names) {
      if (path.parent_path() == directory && path.has_filename()) found.push_back(path.filename().string());
    }
    return found;
  }

  core::Result<std::unique_ptr<DiskLock>> lock(const Path& path) override {
    const std::scoped_lock guard(mounted_.platter->mutex);
    if (auto failed = mounted_.begin(Operation::look, path)) return *std::move(failed);
    if (!platter().locks.try_emplace(path, mounted_.life).second)
      return core::Error{core::ErrorCode::unavailable, path.parent_path().string() + " is in use by another process"};
    return std::make_unique<SimulatedLock>(mounted_, path);
  }

 private:
  Platter& platter() const { return *mounted_.platter; }
  bool is_directory(const Path& path) const {
    const auto found = platter().names.find(path);
    return found != platter().names.end() && !found->second.file;
  }

  const Mounted mounted_;
};

}  // namespace

SimulatedDisk::SimulatedDisk(Random random) : platter_(std::make_shared<Platter>(std::move(random))) {}

SimulatedDisk::~SimulatedDisk() {
  const std::scoped_lock lock(platter_->mutex);
  platter_->end_lives();
}

std::unique_ptr<Disk> SimulatedDisk::mount() {
  const std::scoped_lock lock(platter_->mutex);
  const auto life = std::make_shared<Life>();
  platter_->lives.push_back(life);
  return std::make_unique<MountedDisk>(Mounted{platter_, life});
}

void SimulatedDisk::process_killed() {
  const std::scoped_lock lock(platter_->mutex);
  platter_->end_lives();
}

void SimulatedDisk::power_off() {
  const std::scoped_lock lock(platter_->mutex);
  platter_->lose_names();
  platter_->come_back([this](Content& content) { platter_->lose_some(content); });
}

void SimulatedDisk::power_off(std::size_t last_write_bytes, Rest rest) {
  const std::scoped_lock lock(platter_->mutex);
  platter_->keep_all_names();
  platter_->come_back([&](Content& content) {
    if (!content.changes.empty()) platter_->keep_first(content, content.changes.size() - 1, last_write_bytes, rest);
  });
}

void SimulatedDisk::set_faults(Faults faults) {
  const std::scoped_lock lock(platter_->mutex);
  platter_->faults = faults;
}

void SimulatedDisk::fail_after(std::uint64_t operations, Fault fault) {
  const std::scoped_lock lock(platter_->mutex);
  platter_->failing.emplace(platter_->operations + operations, fault);
}

std::uint64_t SimulatedDisk::operations() const {
  const std::scoped_lock lock(platter_->mutex);
  return platter_->operations;
}

}  // namespace adapters::files
