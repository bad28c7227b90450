#include "schemas/webhook_body.h"

#include "schemas/json_codec.h"

namespace schemas {

namespace {

void write_link(JsonWriter& writer, const char* name, const std::optional<std::string>& link) {
  writer.Key(name);
  if (link)
    write_text(writer, *link);
  else
    writer.Null();
}

void write_text_member(JsonWriter& writer, const char* name, std::string_view value) {
  writer.Key(name);
  write_text(writer, value);
}

void write_facts(JsonWriter& writer, const core::batch::Batch& batch, const WebhookLinks& links) {
  write_text_member(writer, "batch_id", batch.id.value());
  write_link(writer, "output_file_url", links.output);
  write_link(writer, "error_file_url", links.error);
}

}  // namespace

std::string render_webhook_body(const std::string& type, core::Timestamp time, const core::batch::Batch& batch,
                                const WebhookLinks& links) {
  rapidjson::StringBuffer buffer;
  JsonWriter writer(buffer);
  writer.StartObject();
  write_text_member(writer, "event", type);
  write_facts(writer, batch, links);
  write_text_member(writer, "type", type);
  write_text_member(writer, "timestamp", to_rfc3339(time));
  writer.Key("data");
  writer.StartObject();
  write_facts(writer, batch, links);
  write_text_member(writer, "status", core::batch::to_string(batch.phase));
  writer.Key("request_counts");
  writer.StartObject();
  writer.Key("total");
  writer.Uint(batch.plan.item_count);
  writer.Key("completed");
  writer.Uint(batch.closed.tally.succeeded);
  writer.Key("failed");
  writer.Uint(batch.closed.tally.total() - batch.closed.tally.succeeded);
  writer.EndObject();
  writer.EndObject();
  writer.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

}  // namespace schemas
