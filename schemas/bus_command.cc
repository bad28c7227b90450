#include "schemas/bus_command.h"

#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "core/overloaded.h"
#include "schemas/descriptions.h"
#include "schemas/json_codec.h"

namespace schemas {

namespace {

constexpr std::string_view type_prefix = "batchrouter.";
constexpr std::string_view type_version = ".v1";
constexpr std::size_t id_bytes_max = 200;

core::Error invalid(std::string place, std::string what) {
  return {core::ErrorCode::invalid_request, std::move(what), std::move(place)};
}

// The members of an object, each as its JSON text; nothing when the text is no object. Of those of one name the first
// counts.
using Members = std::map<std::string, std::string_view, std::less<>>;
std::optional<Members> members_of(std::string_view text) {
  JsonReader json(text);
  Members members;
  std::string_view name, value;
  json.begin_object();
  while (json.next_member(name)) {
    std::string key(name);
    if (json.skip(value)) members.try_emplace(std::move(key), value);
  }
  if (!json.at_end()) return std::nullopt;
  return members;
}

// Empty when it is absent or no text.
std::string attribute(const Members& members, std::string_view name) {
  const auto found = members.find(name);
  if (found == members.end()) return {};
  JsonReader json(found->second);
  std::string_view text;
  return json.read_text(text) ? std::string(text) : std::string();
}

// The first member that must be there and is not; empty when all are.
template <class T>
std::string missing_member(const Members& data) {
  std::string missing;
  std::apply(
      [&](const auto&... field) {
        const auto look = [&]<class Class, class Member>(const Field<Class, Member>& one) {
          if (!may_be_absent(one) && missing.empty() && !data.contains(one.name)) missing = one.name;
        };
        (look(field), ...);
      },
      Fields<T>::list);
  return missing;
}

template <class Command>
std::optional<core::AggregateKey> of_org(const Command& command) {
  return core::aggregate_of(command.org);
}

// Whose command it is; nothing for what only this service may say. Each is named, so that a new one does not compile
// until someone has thought about it.
std::optional<core::AggregateKey> open_to_the_bus(const core::Command& command) {
  const auto no = [](const auto&) { return std::optional<core::AggregateKey>(); };
  return std::visit(core::Overloaded{
                        [](const core::ledger::GrantCredits& one) { return of_org(one); },
                        [](const core::ledger::AdjustCredits& one) { return of_org(one); },
                        [](const core::quote::LockQuote& one) { return of_org(one); },
                        [](const core::batch::SubmitBatch& one) { return of_org(one); },
                        [](const core::batch::CancelBatch& one) { return of_org(one); },
                        [](const core::identity::CloseSession& one) { return of_org(one); },
                        [](const core::identity::RevokeApiKey& one) { return of_org(one); },
                        [&](const core::identity::ClaimEmail& one) { return no(one); },
                        [&](const core::identity::CreateOrg& one) { return no(one); },
                        [&](const core::identity::RequestVerification& one) { return no(one); },
                        [&](const core::identity::VerifyEmail& one) { return no(one); },
                        [&](const core::identity::OpenSession& one) { return no(one); },
                        [&](const core::identity::CreateApiKey& one) { return no(one); },
                        [&](const core::identity::RotateApiKey& one) { return no(one); },
                        [&](const core::quote::ExpireQuote& one) { return no(one); },
                        [&](const core::batch::PlanUnits& one) { return no(one); },
                        [&](const core::batch::ReleaseBatch& one) { return no(one); },
                        [&](const core::batch::DispatchUnit& one) { return no(one); },
                        [&](const core::batch::RecordHandle& one) { return no(one); },
                        [&](const core::batch::ReportProgress& one) { return no(one); },
                        [&](const core::batch::EndAttempt& one) { return no(one); },
                        [&](const core::batch::CloseUnit& one) { return no(one); },
                        [&](const core::batch::RecordFeedback& one) { return no(one); },
                        [&](const core::batch::ExpireBatch& one) { return no(one); },
                        [&](const core::webhook::RecordDelivery& one) { return no(one); },
                        [&](const core::webhook::RetryDelivery& one) { return no(one); },
                        [&](const core::identity::ResendVerification& one) { return no(one); },
                        [&](const core::identity::RequestPasswordReset& one) { return no(one); },
                        [&](const core::identity::ResetPassword& one) { return no(one); },
                        [&](const core::billing::OpenCheckout& one) { return no(one); },
                        [&](const core::billing::RecordCheckoutPage& one) { return no(one); },
                        [&](const core::billing::PayCheckout& one) { return no(one); },
                        [&](const core::billing::CloseCheckout& one) { return no(one); },
                        [&](const core::billing::RefundCheckout& one) { return no(one); },
                        [&](const core::billing::MoveDispute& one) { return no(one); },
                        [&](const core::billing::SetProfile& one) { return no(one); },
                        [&](const core::imports::RecordImport& one) { return no(one); },
                        [&](const core::job_queue::EnqueueJob& one) { return no(one); },
                        [&](const core::job_queue::CancelJob& one) { return no(one); },
                        [&](const core::job_queue::FlushJobs& one) { return no(one); },
                        [&](const core::job_queue::CloseJobs& one) { return no(one); },
                        [&](const core::identity::EraseOrg& one) { return no(one); },
                        [&](const core::webhook::ReplayDelivery& one) { return no(one); },
                        [&](const core::parking::RetryParked& one) { return no(one); },
                        [&](const core::parking::DropParked& one) { return no(one); },
                        [&](const core::CompleteEffect& one) { return no(one); },
                    },
                    command);
}

}  // namespace

core::Result<BusCommand> decode_bus_command(std::string_view value) {
  const std::optional<Members> event = members_of(value);
  if (!event) return core::Error{core::ErrorCode::malformed_json, "a command must be a CloudEvent, one JSON object"};
  if (attribute(*event, "specversion") != "1.0") return invalid("/specversion", "must be \"1.0\"");

  BusCommand decoded;
  decoded.id = core::CommandId(attribute(*event, "id"));
  if (decoded.id.value().empty() || decoded.id.value().size() > id_bytes_max)
    return invalid("/id",
                   "must be a text of 1 to " + std::to_string(id_bytes_max) + " bytes, another for each command");
  const std::string type_attribute = attribute(*event, "type");
  std::string_view type = type_attribute;
  if (!type.starts_with(type_prefix) || !type.substr(type_prefix.size()).ends_with(type_version))
    return invalid("/type", "must be batchrouter.<aggregate>.<command>.v1");
  type.remove_prefix(type_prefix.size());
  type.remove_suffix(type_version.size());
  const auto data = event->find("data");
  const std::optional<Members> members = data == event->end() ? std::nullopt : members_of(data->second);
  if (!members) return invalid("/data", "must be an object");

  const auto read = Codec<core::Command>::reader_of(type);
  if (read == nullptr) return invalid("/type", "there is no command of this type");
  JsonReader json(data->second);
  std::string path;
  if (!read(json, decoded.command, path)) return invalid("/data" + path, "is not as the command's JSON Schema says");
  const std::string missing =
      std::visit([&]<class T>(const T&) { return missing_member<T>(*members); }, decoded.command);
  if (!missing.empty()) return invalid("/data/" + missing, "is missing");
  const std::optional<core::AggregateKey> owner = open_to_the_bus(decoded.command);
  if (!owner) return invalid("/type", "this command is not taken from the bus");
  decoded.aggregate = *owner;
  if (attribute(*event, "subject") != owner->value())
    return invalid("/subject", "must be " + owner->value() + ", whom the data names");
  return decoded;
}

std::string command_word(const core::Command& command) {
  return std::visit([]<class T>(const T&) { return std::string(TypeName<T>::value); }, command);
}

}  // namespace schemas
