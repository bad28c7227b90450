// If this failed: a service would sell at prices that nobody chose, or one name would stand for two price books.
#include "adapters/catalog_store/catalog_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "adapters/files/files.h"
#include "adapters/files/temporary_directory.h"
#include "adapters/files/test_sync_witness.h"
#include "schemas/catalog.h"

namespace adapters::catalog_store {
namespace {

using core::ErrorCode;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

struct Store : testing::Test {
  files::TemporaryDirectory parent;
  const std::filesystem::path directory = parent.path() / "catalog";
  CatalogStore store{directory};
  const core::Catalog built_in = schemas::built_in_catalog();

  // The built-in catalog under another name.
  std::string renamed(const std::string& version, std::size_t without_offerings = 0) const {
    std::vector<core::Offering> offerings = built_in.offerings();
    offerings.resize(offerings.size() - without_offerings);
    return schemas::catalog_to_json(core::Catalog(version, built_in.providers(), built_in.models(), offerings));
  }
  void write(const std::string& name, const std::string& content) const {
    std::ofstream(directory / name, std::ios::trunc) << content;
  }
  void expect_error(const core::Error& error, ErrorCode code, const std::string& text) const {
    EXPECT_EQ(error.code, code);
    EXPECT_THAT(error.detail, HasSubstr(text));
  }
};

TEST_F(Store, is_the_built_in_catalog_until_another_is_used) {
  EXPECT_EQ(store.load_current()->version(), built_in.version());
  EXPECT_THAT(*store.versions(), ElementsAre(built_in.version()));
  EXPECT_FALSE(std::filesystem::exists(directory));

  ASSERT_TRUE(store.add(renamed("2031-01-09")));
  ASSERT_TRUE(store.add(renamed("2031-01-09.10")));
  ASSERT_TRUE(store.add(renamed("2031-01-09.2")));
  EXPECT_EQ(store.load_current()->version(), built_in.version());
  ASSERT_TRUE(store.use("2031-01-09.10"));
  EXPECT_EQ(CatalogStore(directory).load_current()->version(), "2031-01-09.10");
  EXPECT_THAT(*store.versions(), ElementsAre(built_in.version(), "2031-01-09", "2031-01-09.2", "2031-01-09.10"));
  EXPECT_EQ(*store.next_version("2031-01-09"), "2031-01-09.11");
  EXPECT_EQ(*store.next_version("2031-01-10"), "2031-01-10");

  ASSERT_TRUE(store.use(built_in.version()));
  EXPECT_EQ(*store.current_version(), built_in.version());
}

TEST_F(Store, is_used_only_when_that_is_durable) {
  for (const bool made_by_a_dead_process : {false, true}) {
    const files::SyncWitness witness;
    ASSERT_TRUE(store.add(renamed("2026-08-30")));
    ASSERT_TRUE(store.use("2026-08-30"));
    const auto lost = made_by_a_dead_process ? witness.unsynced_names(parent.path()) : witness.unsynced(parent.path());
    EXPECT_THAT(lost, testing::IsEmpty()) << made_by_a_dead_process;
  }
}

TEST_F(Store, keeps_every_member_of_a_catalog) {
  const std::string json = schemas::catalog_to_json(built_in);
  const auto read = schemas::parse_catalog(json);
  ASSERT_TRUE(read.has_value()) << read.error().detail;
  EXPECT_EQ(read->offerings(), built_in.offerings());
  EXPECT_EQ(read->providers(), built_in.providers());
  EXPECT_EQ(schemas::catalog_to_json(*read), json);
}

TEST_F(Store, never_gives_a_version_another_content) {
  ASSERT_TRUE(store.add(renamed("2031-01-09")));
  EXPECT_TRUE(store.add(renamed("2031-01-09")));
  expect_error(store.add(renamed("2031-01-09", 1)).error(), ErrorCode::invalid_request, "2031-01-09 is there");
  EXPECT_EQ(store.load("2031-01-09")->offerings().size(), built_in.offerings().size());
  expect_error(store.add(renamed(built_in.version(), 1)).error(), ErrorCode::invalid_request, "is built in");
}

TEST_F(Store, keeps_the_built_in_one_for_after_an_upgrade) {
  ASSERT_TRUE(store.add(renamed("2031-01-09")));
  EXPECT_TRUE(std::filesystem::exists(directory / (built_in.version() + ".json")));
}

// A crash leaves temporary files, and `current` as it was.
TEST_F(Store, what_a_crash_leaves_is_passed_over) {
  ASSERT_TRUE(store.add(renamed("2031-01-09")));
  ASSERT_TRUE(store.use("2031-01-09"));
  write(std::string(files::temporary_prefix) + "abc", "2031-");
  write("notes.json", "{}");
  EXPECT_EQ(store.load_current()->version(), "2031-01-09");
  EXPECT_THAT(*store.versions(), ElementsAre(built_in.version(), "2031-01-09"));
}

TEST_F(Store, a_damaged_file_is_named_with_the_remedy) {
  ASSERT_TRUE(store.add(renamed("2031-01-09")));
  ASSERT_TRUE(store.use("2031-01-09"));
  const auto names = [&](const std::string& file) {
    return AllOf(HasSubstr((directory / file).string()), HasSubstr("brctl catalog use"));
  };
  for (const std::string& content :
       {std::string(), std::string("{"), renamed("2031-01-09").substr(0, 4000), renamed("2031-01-08")}) {
    write("2031-01-09.json", content);
    const auto loaded = store.load_current();
    ASSERT_FALSE(loaded.has_value());
    EXPECT_THAT(loaded.error().detail, names("2031-01-09.json"));
  }
  for (const char* content : {"", "../../keys\n", "2031-01-10\n", "2031-01-09.json"}) {
    write("current", content);
    const auto loaded = store.load_current();
    ASSERT_FALSE(loaded.has_value()) << content;
    EXPECT_THAT(loaded.error().detail, names("current"));
  }
  ASSERT_TRUE(store.use(built_in.version()));  // the remedy
  EXPECT_EQ(store.load_current()->version(), built_in.version());
}

TEST_F(Store, only_names_of_versions_become_names_of_files) {
  for (const char* name : {"", "v1", "2031-1-9", "2031-01-09.", "2031-01-09.1", "2031-01-09.02", "2031-01-09/x",
                           "2031-01-09.9999999", "../2031-01-09"}) {
    EXPECT_FALSE(is_version(name)) << name;
    expect_error(store.load(name).error(), ErrorCode::invalid_request, "no version");
    expect_error(store.use(name).error(), ErrorCode::invalid_request, "no version");
  }
  expect_error(store.add(renamed("v1")).error(), ErrorCode::invalid_request, "no version");
  expect_error(store.use("2031-01-09").error(), ErrorCode::not_found, "2031-01-09");
}

}  // namespace
}  // namespace adapters::catalog_store
