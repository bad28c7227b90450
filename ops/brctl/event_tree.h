// How one thing led to another: command → events → effects → what came of them.
//
// A command stands where it came from: one of the outside, a timer or the bus at the root, a report of a runner under
// the effect that it reports on. What repeats is folded: the progress of a unit, and more than three siblings of the
// same shape. So a batch of a thousand units is as long as one of two, and what went another way stands out.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "ops/brctl/seen_event.h"

namespace ops::brctl {

struct TreeNode {
  enum class Kind { command, event, effect };

  Kind kind = Kind::command;
  std::string name;                      // the command's id, the event's type, what the effect asks for
  std::size_t folded = 1;                // so many are shown as this one
  std::vector<const SeenEvent*> events;  // an event's own, with those folded into it
  std::vector<std::unique_ptr<TreeNode>> children;
};
using Tree = std::vector<std::unique_ptr<TreeNode>>;

// From the events of one partition, in order; they must outlive the tree.
Tree build_tree(std::span<const SeenEvent> events);

// A line a node: place, time since the first event, and the tree.
std::string render_tree(const Tree& tree);

}  // namespace ops::brctl
