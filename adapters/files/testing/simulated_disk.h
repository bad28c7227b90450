// A disk in memory that loses power, breaks and runs full, the same way for the same random numbers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "adapters/files/disk.h"

namespace adapters::files {

// What processes see is the page cache: every byte and name that was written. What the disk has is what was synced:
// a file's bytes by sync() or, where its size has not changed since, by sync_data(); names by sync_directory().
//
// A process works on it through a Disk of its own, from mount(). After power_off() or process_killed() that Disk, its
// files and its locks are inert: each call is an error without effect.
// Threading: any thread; the same happens again only where one thread uses it. Memory: what the files take, twice.
class SimulatedDisk {
 public:
  using Random = std::function<std::uint64_t()>;  // 64 random bits
  explicit SimulatedDisk(Random random);
  ~SimulatedDisk();

  std::unique_ptr<Disk> mount();

  // All that was written stays, and locks are let go.
  void process_killed();

  // Of what was not synced, each file loses all, or what came last with the last write torn, or any sectors of it, and
  // reads as before, as zeros or as garbage there. Names that were made, moved or removed without a sync may be as
  // before; one change may be forgotten and a later one of another name be kept.
  void power_off();

  // The same, but of the last write to each file its first bytes are kept, and everything before it.
  enum class Rest { as_before, zeros, garbage };
  void power_off(std::size_t last_write_bytes, Rest rest);

  // Each a probability from 0 to 1, for every operation of the kind.
  struct Faults {
    double read_error = 0;   // EIO, of whatever changes nothing
    double write_error = 0;  // EIO, of whatever changes bytes or names
    double sync_error = 0;   // EIO
    double no_space = 0;     // ENOSPC, where space is taken: a new file or directory, writing, setting space aside
    double bit_flip = 0;     // in the bytes that were read
  };
  // An error leaves a part of what was written. A failed sync loses some of the bytes: they still read well, but no
  // later sync brings them to the disk.
  void set_faults(Faults faults);

  // That of the processes' operations which comes after so many others fails once, or ends its process first: then
  // power_off() or process_killed() says what it finds.
  enum class Fault { error, no_space, death };
  void fail_after(std::uint64_t operations, Fault fault);
  // How many there have been, of those that can fail: all but exists().
  std::uint64_t operations() const;

  struct Platter;

 private:
  std::shared_ptr<Platter> platter_;
};

}  // namespace adapters::files
