// If these fail, an operator is told of another row than the one that differs.
#include "schemas/row_names.h"

#include <gtest/gtest.h>

#include "schemas/position_codec.h"
#include "schemas/row_codec.h"

namespace schemas {
namespace {

TEST(RowNames, AKeyIsNamedWithItsParts) {
  const std::string key = row_key<core::batch::Unit>(
      core::batch::Unit::Key{core::OrgId("org_1"), core::BatchId("bat_1"), core::UnitIndex(258)});
  EXPECT_EQ(to_text(name_of_row(key)), "batch.Unit org_1 bat_1 258");
  const auto due = core::Timestamp(core::Duration(1'700'000'000'000'000));
  EXPECT_EQ(to_text(name_of_row(row_key<core::Timer>(core::Timer::Key{due, "quote/qt_1"}))),
            "Timer 2023-11-14T22:13:20Z quote/qt_1");
  EXPECT_EQ(to_text(name_of_row(position_key)), "Position");
}

TEST(RowNames, WhatIsNoKeyIsShownAsItIs) {
  EXPECT_EQ(to_text(name_of_row("")), "? ");
  EXPECT_EQ(to_text(name_of_row("~x")), "? 7e78");
  EXPECT_EQ(name_of_row(row_key<core::BusCursor>(core::BusCursor{}.key()) + "x").kind, "?");
}

}  // namespace
}  // namespace schemas
