#include "ops/brctl/event_tree.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <utility>

#include "core/decide.h"
#include "core/overloaded.h"
#include "ops/brctl/event_words.h"
#include "ops/brctl/table.h"

namespace ops::brctl {

namespace {

constexpr std::size_t alike_shown_max = 3;  // more siblings of one shape are folded

// The key of the effect that an event reports on; nothing: it reports on none.
std::optional<std::string> effect_reported_on(const core::Event& event) {
  using namespace core;
  const auto run = [](const auto& one) { return key_of(RunUnit{one.org, one.batch, one.unit}); };
  const auto deliver = [](const auto& one) { return key_of(DeliverWebhook{one.org, one.delivery}); };
  if (const auto* one = std::get_if<EffectCompleted>(&event)) return one->effect;
  if (const auto* one = std::get_if<batch::UnitsPlanned>(&event)) return key_of(PlanBatch{one->org, one->batch});
  if (const auto* one = std::get_if<batch::UnitDispatched>(&event)) return run(*one);
  if (const auto* one = std::get_if<batch::HandleRecorded>(&event)) return run(*one);
  if (const auto* one = std::get_if<batch::UnitProgressed>(&event)) return run(*one);
  if (const auto* one = std::get_if<batch::AttemptEnded>(&event)) return run(*one);
  if (const auto* one = std::get_if<batch::UnitClosed>(&event)) return run(*one);
  if (const auto* one = std::get_if<webhook::DeliverySucceeded>(&event)) return deliver(*one);
  if (const auto* one = std::get_if<webhook::DeliveryFailed>(&event)) return deliver(*one);
  if (const auto* one = std::get_if<webhook::DeliveryRetried>(&event)) return deliver(*one);
  if (const auto* one = std::get_if<webhook::DeliveryExhausted>(&event)) return deliver(*one);
  if (const auto* one = std::get_if<webhook::DeliveryReplayed>(&event)) return deliver(*one);
  if (const auto* one = std::get_if<job_queue::JobsClosed>(&event)) return key_of(CollectJobs{one->org, one->batch});
  return std::nullopt;
}

// Made by a runner out of what it reports on: says nothing that its events do not.
bool made_by_runner(const core::CommandId& cause, bool reports) {
  const std::string& id = cause.value();
  return reports && !id.starts_with("cmd_") && !id.starts_with("timer/") && !id.starts_with("bus/");
}

class Builder {
 public:
  // The events of one command in one record.
  void add(std::span<const SeenEvent> events) {
    std::vector<std::unique_ptr<TreeNode>>* siblings = &tree_;
    const std::optional<std::string> key = effect_of(events);
    if (key) siblings = &effects_.at(*key)->children;
    if (!made_by_runner(events.front().cause, key.has_value())) {
      TreeNode& command = append(*siblings, TreeNode::Kind::command, events.front().cause.value());
      command.events.push_back(&events.front());
      siblings = &command.children;
    }
    for (const SeenEvent& event : events) add_event(*siblings, event);
  }

  Tree finish() && { return std::move(tree_); }

 private:
  static TreeNode& append(std::vector<std::unique_ptr<TreeNode>>& siblings, TreeNode::Kind kind, std::string name) {
    auto node = std::make_unique<TreeNode>();
    node->kind = kind;
    node->name = std::move(name);
    return *siblings.emplace_back(std::move(node));
  }

  std::optional<std::string> effect_of(std::span<const SeenEvent> events) const {
    if (effects_.contains(events.front().cause.value())) return events.front().cause.value();  // it was forwarded
    for (const SeenEvent& event : events) {
      if (!event.event) continue;
      const std::optional<std::string> key = effect_reported_on(*event.event);
      if (key && effects_.contains(*key)) return key;
    }
    return std::nullopt;
  }

  void add_event(std::vector<std::unique_ptr<TreeNode>>& siblings, const SeenEvent& event) {
    const bool progress = event.event && std::holds_alternative<core::batch::UnitProgressed>(*event.event);
    if (progress && !siblings.empty() && siblings.back()->name == event.type) {
      siblings.back()->events.push_back(&event);
      return;
    }
    TreeNode& node = append(siblings, TreeNode::Kind::event, event.type);
    node.events.push_back(&event);
    if (!event.event) return;
    if (const auto* completed = std::get_if<core::EffectCompleted>(&*event.event)) effects_.erase(completed->effect);
    for (const core::Effect& effect : core::react(*event.event)) {
      // What is asked for again, such as a delivery, goes on where it began.
      const auto [found, is_new] = effects_.try_emplace(core::key_of(effect), nullptr);
      if (is_new) found->second = &append(node.children, TreeNode::Kind::effect, words_of(effect));
    }
  }

  Tree tree_;
  std::map<std::string, TreeNode*> effects_;  // that may still be reported on
};

std::string first_word(const std::string& text) {
  return text.substr(0, text.find_first_of(" /_"));
}

bool is_progress(const TreeNode& node) {
  return node.name == "batch.unit_progressed";
}

// Equal for nodes that may be shown as one. How often a unit told of its progress makes no difference.
std::string signature(const TreeNode& node) {
  std::string text;
  switch (node.kind) {
    case TreeNode::Kind::command: text = "command " + first_word(node.name); break;
    case TreeNode::Kind::effect: text = "effect " + first_word(node.name); break;
    case TreeNode::Kind::event:
      text = "event " + node.name;
      if (const auto& event = node.events.front()->event) text += " " + shape_of(*event);
      break;
  }
  text += "(";
  for (const auto& child : node.children) {
    if (!is_progress(*child)) text += signature(*child) + ",";
  }
  return text + ")";
}

void fold(std::vector<std::unique_ptr<TreeNode>>& siblings, std::size_t shown_max) {
  for (const auto& node : siblings) fold(node->children, shown_max);
  std::map<std::string, std::size_t> counts;
  std::vector<std::string> signatures;
  for (const auto& node : siblings) ++counts[signatures.emplace_back(signature(*node))];

  std::map<std::string, TreeNode*> first_of;
  std::vector<std::unique_ptr<TreeNode>> kept;
  for (std::size_t i = 0; i < siblings.size(); ++i) {
    const auto [first, is_first] = first_of.try_emplace(signatures[i], siblings[i].get());
    if (is_first || counts[signatures[i]] <= shown_max) {
      kept.push_back(std::move(siblings[i]));
      continue;
    }
    TreeNode& into = *first->second;
    into.folded += siblings[i]->folded;
    std::ranges::copy(siblings[i]->events, std::back_inserter(into.events));
    std::ranges::move(siblings[i]->children, std::back_inserter(into.children));
  }
  for (const auto& node : kept) {
    if (node->folded > 1) fold(node->children, 1);
  }
  siblings = std::move(kept);
}

std::string since(core::Timestamp begin, core::Timestamp time) {
  using namespace std::chrono;
  const auto passed = duration_cast<milliseconds>(time - begin);
  if (passed < minutes(1)) return fmt::format("+{}.{:03} s", passed.count() / 1000, passed.count() % 1000);
  const auto whole = duration_cast<seconds>(passed).count();
  if (passed < hours(1)) return fmt::format("+{}m{:02}s", whole / 60, whole % 60);
  if (passed < days(1)) return fmt::format("+{}h{:02}m", whole / 3600, whole / 60 % 60);
  return fmt::format("+{}d{:02}h", whole / 86400, whole / 3600 % 24);
}

std::string text_of(const TreeNode& node) {
  switch (node.kind) {
    case TreeNode::Kind::command:
      return "command " + node.name + (node.folded > 1 ? " and " + grouped(node.folded - 1) + " alike" : "");
    case TreeNode::Kind::effect: {
      const std::string alike = node.folded > 1 ? " and " + grouped(node.folded - 1) + " alike" : "";
      return "→ " + node.name + alike + (node.children.empty() ? "  (nothing came of it yet)" : "");
    }
    case TreeNode::Kind::event: {
      std::vector<const core::Event*> known;
      for (const SeenEvent* event : node.events) {
        if (event->event) known.push_back(&*event->event);
      }
      const std::string words = known.empty() ? "(of another version of this program)" : words_of(known);
      const std::string times = node.events.size() > 1 ? grouped(node.events.size()) + " × " : "";
      return times + node.name + (words.empty() ? "" : "  " + words);
    }
  }
  return {};
}

class Renderer {
 public:
  explicit Renderer(core::Timestamp begin) : begin_(begin) {}

  void add(const TreeNode& node, const std::string& branch, const std::string& below) {
    std::string place, time, until;
    if (!node.events.empty()) {
      const SeenEvent& event = *node.events.front();
      LogPlace at = event.place;
      if (node.kind == TreeNode::Kind::command) at.event.reset();
      place = to_string(at) + (node.events.size() > 1 ? " …" : "");
      time = since(begin_, event.time);
      if (node.events.size() > 1) {
        const auto last = std::ranges::max(node.events, {}, &SeenEvent::time);
        until = ", until " + since(begin_, last->time);
      }
    }
    rows_.push_back({place, time, branch + text_of(node) + until});
    for (std::size_t i = 0; i < node.children.size(); ++i) {
      const bool last = i + 1 == node.children.size();
      add(*node.children[i], below + (last ? "└─ " : "├─ "), below + (last ? "   " : "│  "));
    }
  }

  std::string finish() const { return render_table(rows_, {Align::left, Align::right, Align::left}); }

 private:
  const core::Timestamp begin_;
  std::vector<std::vector<std::string>> rows_ = {{"PLACE", "TIME", "WHAT"}};
};

}  // namespace

Tree build_tree(std::span<const SeenEvent> events) {
  Builder builder;
  for (std::size_t begin = 0, end = 0; begin < events.size(); begin = end) {
    const SeenEvent& first = events[begin];
    const auto of_same_command = [&](const SeenEvent& event) {
      return event.place.partition == first.place.partition && event.place.offset == first.place.offset &&
             event.cause == first.cause;
    };
    for (end = begin; end < events.size() && of_same_command(events[end]);) ++end;
    builder.add(events.subspan(begin, end - begin));
  }
  Tree tree = std::move(builder).finish();
  fold(tree, alike_shown_max);
  return tree;
}

std::string render_tree(const Tree& tree) {
  if (tree.empty()) return {};
  Renderer renderer(tree.front()->events.front()->time);
  for (const auto& node : tree) renderer.add(*node, "", "");
  return renderer.finish();
}

}  // namespace ops::brctl
