#include "schemas/row_codec.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "schemas/contract.h"
#include "schemas/position_codec.h"

namespace schemas {
namespace {

// Small alphabets make neighbours likely, among them texts that begin with one another.
class RandomParts {
 public:
  void fill(std::string& text) {
    static constexpr std::string_view letters(
        "\x01"
        "ab\xff",
        4);
    text.clear();
    for (std::uint32_t left = below(4); left > 0; --left) text += letters[below(4)];
  }
  template <class Tag, class Rep>
  void fill(core::StrongId<Tag, Rep>& id) {
    Rep inner{};
    fill(inner);
    id = core::StrongId<Tag, Rep>(std::move(inner));
  }
  void fill(std::uint32_t& number) { number = below(3) << (8 * below(4)); }
  void fill(std::uint64_t& number) { number = std::uint64_t{below(3)} << (8 * below(8)); }
  void fill(core::Timestamp& time) { time = core::Timestamp(core::Duration(std::int64_t{below(3)} << (8 * below(7)))); }
  template <class... Parts>
  void fill(std::tuple<Parts...>& key) {
    std::apply([&](Parts&... parts) { (fill(parts), ...); }, key);
  }

 private:
  std::uint32_t below(std::uint32_t limit) { return static_cast<std::uint32_t>(random_()) % limit; }
  std::mt19937 random_{1};
};

template <class... Rows>
struct ForEach {
  template <class Visit>
  static void visit(Visit visit) {
    (visit(std::type_identity<Rows>{}), ...);
  }
};
using EachRow = core::StateRows::In<ForEach>;

// Broken: lists would come in the wrong order and timers would fire late or never.
TEST(RowKeys, sort_as_their_tuples_do) {
  RandomParts random;
  EachRow::visit([&]<class Row>(std::type_identity<Row>) {
    for (int i = 0; i < 2'000; ++i) {
      typename Row::Key left;
      typename Row::Key right;
      random.fill(left);
      random.fill(right);
      const std::string left_key = row_key<Row>(left);
      const std::string right_key = row_key<Row>(right);
      ASSERT_EQ(left < right, left_key < right_key);
      ASSERT_EQ(left == right, left_key == right_key);
    }
  });
}

TEST(RowKeys, begin_with_a_letter_of_their_kind_and_the_prefix_of_their_first_parts) {
  std::set<std::string> letters{position_key};
  EachRow::visit([&]<class Row>(std::type_identity<Row>) {
    EXPECT_EQ(row_prefix<Row>().size(), 1u);
    EXPECT_TRUE(letters.insert(row_prefix<Row>()).second) << row_prefix<Row>() << " is used twice";
  });
  EXPECT_EQ(*letters.begin(), position_key);

  const std::string prefix = row_prefix<core::batch::Unit>(core::OrgId("org_a"));
  const auto within = [&](const char* org) {
    const std::string key =
        row_key<core::batch::Unit>({core::OrgId(org), core::BatchId("bat_1"), core::UnitIndex(0xffffffff)});
    return prefix <= key && key < prefix_end(prefix);
  };
  EXPECT_TRUE(within("org_a"));
  EXPECT_FALSE(within("org_ab"));
  EXPECT_FALSE(within("org_"));
}

TEST(RowKeys, prefix_end_is_the_first_key_after_the_prefix) {
  EXPECT_EQ(prefix_end("a"), "b");
  EXPECT_EQ(prefix_end("ab"), "ac");
  EXPECT_EQ(prefix_end("a\xff\xff"), "b");
  EXPECT_EQ(prefix_end(std::string("a\0", 2)), "a\x01");
  EXPECT_EQ(prefix_end("\x7f"), "\x80");
  EXPECT_EQ(prefix_end("\xff"), "");
}

template <class Row>
void check_round_trip(const Row& row) {
  const std::string bytes = encode_row(row);
  const core::Result<Row> decoded = decode_row<Row>(bytes);
  ASSERT_TRUE(decoded.has_value()) << decoded.error().detail;
  EXPECT_EQ(encode_row(*decoded), bytes);
  EXPECT_EQ(row_key<Row>(decoded->key()), row_key<Row>(row.key()));
  EXPECT_EQ(encode_row(*decode_row<Row>("{}")), encode_row(Row{})) << "absent members keep their defaults";
}

TEST(RowCodec, gives_back_every_member_of_every_row) {
  EachRow::visit([&]<class Row>(std::type_identity<Row>) { check_round_trip(SampleFiller().make<Row>()); });
  Alternatives<core::Command>::visit([&]<class T>(std::type_identity<T>) {
    auto timer = SampleFiller().make<core::Timer>();
    timer.command = SampleFiller().make<T>();
    check_round_trip(timer);
  });
  Alternatives<core::Effect>::visit([&]<class T>(std::type_identity<T>) {
    auto outstanding = SampleFiller().make<core::Outstanding>();
    outstanding.effect = SampleFiller().make<T>();
    check_round_trip(outstanding);
  });
}

TEST(RowCodec, refuses_rows_that_are_damaged) {
  const std::string bytes = encode_row(SampleFiller().make<core::Timer>());
  for (const std::string& damaged :
       {std::string(), bytes.substr(0, bytes.size() - 1), std::string("[]"), std::string(R"({"id": 5})"),
        std::string(R"({"command": {"type": "batch.unknown", "data": {}}})")}) {
    const auto decoded = decode_row<core::Timer>(damaged);
    ASSERT_TRUE(decoded.has_error()) << damaged;
    EXPECT_EQ(decoded.error().code, core::ErrorCode::log_corrupt);
  }
  EXPECT_NE(decode_row<core::batch::Unit>(R"({"progress": {"tally": {"failed": true}}})")
                .error()
                .detail.find("'/progress/tally/failed'"),
            std::string::npos);
}

TEST(PositionCodec, gives_back_every_member) {
  const Position position{core::Offset(7), core::Epoch(3), "node_1", core::Timestamp(core::Duration(1'000'001)),
                          "chain"};
  const auto decoded = decode_position(encode_position(position));
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(decoded->next, position.next);
  EXPECT_EQ(decoded->epoch, position.epoch);
  EXPECT_EQ(decoded->time, position.time);
  EXPECT_EQ(decoded->chain, position.chain);
  EXPECT_TRUE(decode_position("").has_error());
  EXPECT_TRUE(decode_position(R"({"next": "7"})").has_error());
}

}  // namespace
}  // namespace schemas
