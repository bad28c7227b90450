#include "adapters/blobs/local_blobs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <fstream>
#include <thread>

#include "adapters/files/temporary_directory.h"
#include "adapters/files/test_sync_witness.h"
#include "schemas/digest.h"

namespace adapters::blobs {
namespace {

using core::ErrorCode;

// Makes writes beyond `bytes` of any file fail, as a full disk does, within its scope.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : handler_(::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    ::signal(SIGXFSZ, handler_);
  }

 private:
  void (*handler_)(int);
  rlimit before_{};
};

class LocalBlobsTest : public testing::Test {
 protected:
  void reopen() {
    store.reset();
    store = *LocalBlobs::open(root());
  }

  core::Digest put(std::string_view bytes) {
    auto writer = *store->create();
    EXPECT_TRUE(writer->append(bytes));
    return *writer->finish();
  }

  std::string segment_text(const std::string& name) const {
    const auto reader = *store->read_segment(name);
    return *reader->read(0, reader->size());
  }

  std::size_t files_in(const char* folder) const {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root() / folder))
      count += entry.is_regular_file();
    return count;
  }

  std::filesystem::path root() const { return directory.path() / "data" / "blobs"; }

  files::TemporaryDirectory directory;
  std::unique_ptr<LocalBlobs> store = *LocalBlobs::open(root());
};

// If this failed, a digest in an event would not lead to the bytes it stands for.
TEST_F(LocalBlobsTest, ABlobIsReadBackUnderItsDigestAlsoAfterReopening) {
  std::string bytes;
  auto writer = *store->create();
  for (int line = 0; line < 100'000; ++line) {
    const std::string text = std::to_string(line) + "\n";
    ASSERT_TRUE(writer->append(text));
    bytes += text;
  }
  const core::Digest digest = *writer->finish();
  EXPECT_EQ(digest, schemas::sha256(bytes));
  EXPECT_TRUE(std::filesystem::exists(root() / "sha256" / digest.value().substr(0, 2) / digest.value()));

  reopen();
  const auto reader = *store->open(digest);
  EXPECT_EQ(reader->size(), bytes.size());
  EXPECT_EQ(*reader->read(0, bytes.size() + 10), bytes);
  EXPECT_EQ(*reader->read(300'000, 1000), bytes.substr(300'000, 1000));
  EXPECT_EQ(*reader->read(bytes.size() - 1, 10), "\n");
  EXPECT_EQ(*reader->read(bytes.size(), 10), "");
  EXPECT_EQ(*reader->read(~0ull, 10), "");
}

// If this failed, whoever mistypes a directory would find one made there.
TEST_F(LocalBlobsTest, WhatItCallsDurableIsSynced) {
  store.reset();
  std::filesystem::remove_all(root());
  const files::SyncWitness witness;
  const auto expect_synced = [&] { EXPECT_THAT(witness.unsynced(root()), testing::IsEmpty()); };
  store = *LocalBlobs::open(root());
  expect_synced();
  put("one");
  put("two");
  expect_synced();
  const core::OrgId org("org_1");
  for (const char* bytes : {"three", "four"}) {
    auto writer = *store->create(org);
    ASSERT_TRUE(writer->append(bytes));
    ASSERT_TRUE(writer->finish());
    expect_synced();
  }
  const auto segment = *store->open_segment("results/p1/lines");
  ASSERT_TRUE(segment->append("line\nline\nhalf"));
  ASSERT_TRUE(segment->sync());
  expect_synced();
  ASSERT_TRUE(segment->truncate(10));
  expect_synced();
  for (const char* bytes : {"first", "in its place"}) {
    ASSERT_TRUE(store->put("archive/p1/index", bytes));
    expect_synced();
  }
  ASSERT_TRUE(store->erase(org));
  expect_synced();
}

// Names that were there were perhaps never synced, by a process that was killed.
TEST_F(LocalBlobsTest, WhatIsBuiltOnNamesOfADeadProcessIsSynced) {
  const core::OrgId org("org_1");
  const auto use = [&] {
    put("one");
    auto writer = *store->create(org);
    ASSERT_TRUE(writer->append("two"));
    ASSERT_TRUE(writer->finish());
    ASSERT_TRUE((*store->open_segment("results/p1/lines"))->sync());
    ASSERT_TRUE(store->put("archive/p1/index", "bytes"));
  };
  ASSERT_NO_FATAL_FAILURE(use());
  const files::SyncWitness witness;
  ASSERT_NO_FATAL_FAILURE(reopen());
  ASSERT_NO_FATAL_FAILURE(use());
  EXPECT_THAT(witness.unsynced_names(root()), testing::IsEmpty());
}

TEST_F(LocalBlobsTest, WhatIsThereIsReadWithoutTakingPart) {
  const core::Digest digest = put("by the service");
  std::filesystem::remove(root() / "lock");
  const auto reading = LocalBlobs::open_existing(root());
  ASSERT_TRUE(reading) << reading.error().detail;
  EXPECT_EQ(*(*(*reading)->open(digest))->read(0, 100), "by the service");
  EXPECT_FALSE(std::filesystem::exists(root() / "lock"));
  const auto mistyped = LocalBlobs::open_existing(root() / "nowhere");
  ASSERT_FALSE(mistyped);
  EXPECT_EQ(mistyped.error().code, ErrorCode::storage_failed);
  EXPECT_FALSE(std::filesystem::exists(root() / "nowhere"));
}

TEST_F(LocalBlobsTest, TheSameContentIsOneFile) {
  EXPECT_EQ(put("twice"), put("twice"));
  EXPECT_EQ(put(""), put(""));
  EXPECT_EQ(files_in("sha256"), 2u);
  EXPECT_EQ(files_in("incoming"), 0u);
}

TEST_F(LocalBlobsTest, WhatWasNotFinishedIsForgotten) {
  {
    auto writer = *store->create();
    ASSERT_TRUE(writer->append("half"));
    EXPECT_EQ(files_in("incoming"), 1u);
  }
  EXPECT_EQ(files_in("incoming"), 0u);
  std::ofstream(root() / "incoming" / ".tmp-left_by_a_crash") << "half";
  reopen();
  EXPECT_EQ(files_in("incoming"), 0u);
  EXPECT_EQ(files_in("sha256"), 0u);
}

TEST_F(LocalBlobsTest, MissingAndImpossibleDigestsAreNotFound) {
  EXPECT_EQ(store->open(schemas::sha256("never stored")).error().code, ErrorCode::blob_not_found);
  for (const char* name : {"", "../lock", "ABCD", "ab"}) {
    EXPECT_EQ(store->open(core::Digest(name)).error().code, ErrorCode::blob_not_found) << name;
  }
}

// If this failed, a node that starts would spoil what another one is writing, or not find what it wrote.
TEST_F(LocalBlobsTest, ProcessesShareADirectory) {
  auto writer = *store->create();
  ASSERT_TRUE(writer->append(std::string(1'000'000, 'x')));
  const auto other = *LocalBlobs::open(root());
  const core::Digest same = put("same");
  auto other_writer = *other->create();
  ASSERT_TRUE(other_writer->append("same"));
  EXPECT_EQ(*other_writer->finish(), same);

  const core::Digest digest = *writer->finish();
  EXPECT_EQ((*other->open(digest))->size(), 1'000'000u);
  EXPECT_EQ(files_in("incoming"), 0u);
}

TEST_F(LocalBlobsTest, BlobsAreWrittenFromManyThreads) {
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread)
    threads.emplace_back([&] {
      for (int blob = 0; blob < 10; ++blob) put(std::to_string(blob));
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(files_in("sha256"), 10u);
}

TEST_F(LocalBlobsTest, ASegmentGrowsAcrossReopening) {
  auto segment = *store->open_segment("bat_01/0/out.jsonl");
  EXPECT_EQ(segment->size(), 0u);
  ASSERT_TRUE(segment->append("one\n"));
  ASSERT_TRUE(segment->sync());
  segment.reset();

  reopen();
  segment = *store->open_segment("bat_01/0/out.jsonl");
  EXPECT_EQ(segment->size(), 4u);
  ASSERT_TRUE(segment->append("two\n"));
  const auto reader = *store->read_segment("bat_01/0/out.jsonl");
  ASSERT_TRUE(segment->append("three\n"));
  EXPECT_EQ(*reader->read(0, 100), "one\ntwo\n");  // as it was when the reader was opened
  EXPECT_EQ(segment_text("bat_01/0/out.jsonl").size(), 14u);
}

TEST_F(LocalBlobsTest, ASegmentIsCutBackToWhatIsWhole) {
  auto segment = *store->open_segment("s");
  ASSERT_TRUE(segment->append("one\ntw"));
  ASSERT_TRUE(segment->truncate(4));
  EXPECT_EQ(segment->size(), 4u);
  ASSERT_TRUE(segment->append("two\n"));
  EXPECT_EQ(segment_text("s"), "one\ntwo\n");
  EXPECT_EQ(segment->truncate(9).error().code, ErrorCode::storage_failed);  // never grown with zeros
  EXPECT_EQ(segment->size(), 8u);
}

// If this failed, a full disk would leave half a row in front of the next one.
TEST_F(LocalBlobsTest, AnAppendThatFailsLeavesNoPartOfItself) {
  auto segment = *store->open_segment("s");
  ASSERT_TRUE(segment->append("one\n"));
  {
    FileSizeLimit limit(6);
    EXPECT_EQ(segment->append("three\n").error().code, ErrorCode::storage_failed);
  }
  ASSERT_TRUE(segment->append("two\n"));
  EXPECT_EQ(segment_text("s"), "one\ntwo\n");
}

TEST_F(LocalBlobsTest, ABlobOrSpoolThatFailedOnceStaysFailed) {
  auto writer = *store->create();
  auto spool = *store->create_spool();
  {
    FileSizeLimit limit(6);
    ASSERT_TRUE(writer->append("longer than the limit"));
    EXPECT_EQ(writer->finish().error().code, ErrorCode::storage_failed);
    EXPECT_EQ(spool->append("longer than the limit").error().code, ErrorCode::storage_failed);
  }
  EXPECT_EQ(writer->append("").error().code, ErrorCode::storage_failed);
  EXPECT_EQ(writer->finish().error().code, ErrorCode::storage_failed);
  EXPECT_EQ(spool->append("").error().code, ErrorCode::storage_failed);
  EXPECT_EQ(files_in("sha256"), 0u);
}

// If this failed, a name made from something a customer sent could reach files outside the store.
TEST_F(LocalBlobsTest, ImpossibleSegmentNamesAreRefused) {
  const std::string long_word(256, 'a');
  for (const std::string& name :
       {std::string(), std::string("/"), std::string("/a"), std::string("a/"), std::string("a//b"), std::string(".."),
        std::string("a/../b"), std::string("."), std::string("A"), std::string("a b"), std::string("a\0b", 3),
        std::string("a-b"), long_word, std::string(513, 'a')}) {
    EXPECT_EQ(store->open_segment(name).error().code, ErrorCode::invalid_request) << name;
    EXPECT_EQ(store->read_segment(name).error().code, ErrorCode::invalid_request) << name;
  }
  EXPECT_TRUE(store->open_segment("..a/.b/c..").has_value());
}

TEST_F(LocalBlobsTest, AMissingSegmentIsNotFound) {
  EXPECT_EQ(store->read_segment("none").error().code, ErrorCode::blob_not_found);
  EXPECT_EQ(store->read_segment("none/deeper").error().code, ErrorCode::blob_not_found);
}

TEST_F(LocalBlobsTest, ASpoolIsReadWhileItGrowsAndLeavesNothing) {
  auto spool = *store->create_spool();
  ASSERT_TRUE(spool->append("first "));
  EXPECT_EQ(*spool->read(0, 100), "first ");
  ASSERT_TRUE(spool->append("second"));
  EXPECT_EQ(spool->size(), 12u);
  EXPECT_EQ(*spool->read(6, 3), "sec");
  EXPECT_EQ(files_in("spool"), 0u);
}

TEST_F(LocalBlobsTest, WhatBelongsToAnOrgGoesWithIt) {
  const core::OrgId ours("org_1"), theirs("org_2");
  const auto put_for = [&](const core::OrgId& owner) {
    auto writer = *store->create(owner);
    EXPECT_TRUE(writer->append("a prompt"));
    return *writer->finish();
  };
  const core::Digest digest = put_for(ours);
  EXPECT_EQ(put_for(theirs), digest);
  EXPECT_EQ(store->open(digest).error().code, ErrorCode::blob_not_found);
  auto on_its_way = *store->create(ours);
  ASSERT_TRUE(on_its_way->append("another"));

  ASSERT_TRUE(store->erase(ours));
  EXPECT_TRUE(on_its_way->finish().has_error());
  for (int again = 0; again < 2; ++again) {
    ASSERT_TRUE(store->erase(ours));
    EXPECT_EQ(store->open(ours, digest).error().code, ErrorCode::blob_not_found);
    reopen();
  }
  EXPECT_EQ((*store->open(theirs, digest))->size(), 8u);
  auto late = *store->create(ours);
  EXPECT_TRUE(late->finish().has_error());
  EXPECT_EQ(store->create(core::OrgId("../sha256")).error().code, ErrorCode::invalid_request);
}

// Those of before blobs belonged to orgs.
TEST_F(LocalBlobsTest, ABlobOfNobodyIsFoundForAnOrg) {
  const core::Digest digest = put("a manifest");
  EXPECT_TRUE(store->open(core::OrgId("org_1"), digest).has_value());
}

}  // namespace
}  // namespace adapters::blobs
