#include "tests/simulation/command_topic.h"

#include <algorithm>
#include <utility>

namespace simulation {

void CommandTopic::append(core::Partition partition, std::string value) {
  records_[partition].push_back(std::move(value));
  for (CommandTopicSource* source : sources_) source->look(partition);
}

CommandTopicSource::CommandTopicSource(CommandTopic& topic, Agenda& agenda, Chance& chance, const double& rewinds)
    : topic_(topic), agenda_(agenda), chance_(chance), rewinds_(rewinds) {
  topic_.sources_.push_back(this);
}

CommandTopicSource::~CommandTopicSource() {
  std::erase(topic_.sources_, this);
}

void CommandTopicSource::start(core::Partition partition, core::Offset from, Take take) {
  readings_[partition] = Reading{from.value(), std::move(take), false};
  look(partition);
}

void CommandTopicSource::look(core::Partition partition) {
  const auto reading = readings_.find(partition);
  if (reading == readings_.end() || std::exchange(reading->second.looking, true)) return;
  agenda_.later(chance_.between(core::Duration(0), core::Duration(std::chrono::seconds(2))),
                [this, partition] { offer(partition); });
}

void CommandTopicSource::offer(core::Partition partition) {
  const auto found = readings_.find(partition);
  if (found == readings_.end()) return;
  Reading& reading = found->second;
  reading.looking = false;
  const std::vector<std::string>& records = topic_.records(partition);
  if (reading.next >= static_cast<std::int64_t>(records.size())) return;
  const processors::BusRecord record{core::Offset(reading.next), "", records[static_cast<std::size_t>(reading.next)]};
  if (reading.take(record)) {
    ++reading.next;
    if (chance_.happens(rewinds_))
      reading.next = std::max<std::int64_t>(0, reading.next - static_cast<std::int64_t>(chance_.between(1, 4)));
  }
  look(partition);
}

}  // namespace simulation
