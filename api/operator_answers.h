// What the operator's routes answer with, for who asks them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/ids.h"
#include "core/money.h"
#include "core/result.h"
#include "core/time.h"

namespace api {

struct HaltedPartition {
  core::Partition partition;
  std::string code;
  std::string detail;
};

struct NodeStatus {
  std::string instance;
  std::string version;
  core::Timestamp time;
  std::vector<HaltedPartition> halted;
  std::uint64_t closed_lanes = 0;
};

struct LaneClosure {
  std::string model;  // empty: all
  std::string mode;   // empty: all
  std::string state;
  std::string reason;
  core::Timestamp since;
  core::Timestamp until;
};

struct ProviderLanes {
  std::string provider;
  std::vector<std::string> modes;
  std::vector<LaneClosure> closures;
};

struct NodeLanes {
  std::string instance;
  std::vector<ProviderLanes> providers;
};

struct CreditChange {
  std::string transfer;
  bool replayed = false;
  core::Money available;
};

// Errors: network_failed: it is no such answer.
core::Result<NodeStatus> read_node_status(std::string_view json);
core::Result<NodeLanes> read_node_lanes(std::string_view json);
core::Result<CreditChange> read_credit_change(std::string_view json);
// Of answers that say whether what was asked for had happened before.
core::Result<bool> read_replayed(std::string_view json);
core::Result<std::uint64_t> read_closures_ended(std::string_view json);

// A refusal as the error it was made from; unavailable for one of another kind than ours.
core::Error read_problem(int status, std::string_view json);

}  // namespace api
