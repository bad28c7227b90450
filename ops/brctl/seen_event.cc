#include "ops/brctl/seen_event.h"

#include <utility>

#include "api/json_text.h"
#include "schemas/group_texts.h"
#include "schemas/journal_codec.h"

namespace ops::brctl {

core::Result<std::vector<SeenEvent>> events_of(core::Partition partition, const processors::StoredRecord& stored) {
  const auto texts = schemas::split_group(stored.record.value);
  if (!texts) {
    return core::Error{core::ErrorCode::malformed_event,
                       "record " + to_string({partition, stored.offset}) + ": " + texts.error().detail};
  }
  auto decoded = schemas::decode_group(stored.record.value);
  std::vector<SeenEvent> events;
  for (const std::string_view text : *texts) {
    SeenEvent& event = events.emplace_back();
    event.place = {partition, stored.offset, static_cast<std::uint32_t>(events.size() - 1)};
    event.time = stored.record.time;
    event.epoch = stored.record.epoch;
    event.instance = stored.record.instance;
    event.cause = core::CommandId(std::string(schemas::attribute_of(text, "causationid")));
    event.aggregate = core::AggregateKey(std::string(schemas::attribute_of(text, "subject")));
    event.type = schemas::short_type(schemas::attribute_of(text, "type"));
    event.json = text;
    if (decoded && events.size() <= decoded->size()) event.event = std::move((*decoded)[events.size() - 1].event);
  }
  return events;
}

std::string json_of(const SeenEvent& event) {
  api::JsonText json;
  json.number("partition", event.place.partition.value())
      .number("offset", event.place.offset.value())
      .number("index", event.place.event.value_or(0))
      .number("epoch", event.epoch.value())
      .text("instance", event.instance)
      .json("event", event.json);
  return std::move(json).finish();
}

}  // namespace ops::brctl
