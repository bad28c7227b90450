#include "schemas/bus_command.h"

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

std::string_view attribute(const rapidjson::Value& json, const char* name) {
  const auto found = json.FindMember(name);
  return found != json.MemberEnd() && found->value.IsString() ? text_of(found->value) : std::string_view{};
}

// The first member that must be there and is not; empty when all are.
template <class T>
std::string missing_member(const rapidjson::Value& data) {
  std::string missing;
  std::apply(
      [&](const auto&... field) {
        const auto look = [&]<class Class, class Member>(const Field<Class, Member>& one) {
          if (!may_be_absent(one) && missing.empty() && !data.HasMember(std::string(one.name))) missing = one.name;
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
  rapidjson::Document document;
  document.Parse<rapidjson::kParseIterativeFlag>(value.data(), value.size());
  if (document.HasParseError() || !document.IsObject())
    return core::Error{core::ErrorCode::malformed_json, "a command must be a CloudEvent, one JSON object"};
  if (attribute(document, "specversion") != "1.0") return invalid("/specversion", "must be \"1.0\"");

  BusCommand decoded;
  decoded.id = core::CommandId(std::string(attribute(document, "id")));
  if (decoded.id.value().empty() || decoded.id.value().size() > id_bytes_max)
    return invalid("/id",
                   "must be a text of 1 to " + std::to_string(id_bytes_max) + " bytes, another for each command");
  std::string_view type = attribute(document, "type");
  if (!type.starts_with(type_prefix) || !type.substr(type_prefix.size()).ends_with(type_version))
    return invalid("/type", "must be batchrouter.<aggregate>.<command>.v1");
  type.remove_prefix(type_prefix.size());
  type.remove_suffix(type_version.size());
  const auto data = document.FindMember("data");
  if (data == document.MemberEnd() || !data->value.IsObject()) return invalid("/data", "must be an object");

  std::string path;
  if (!Codec<core::Command>::read_named(type, data->value, decoded.command, path))
    return path.empty() ? invalid("/type", "there is no command of this type")
                        : invalid("/data" + path, "is not as the command's JSON Schema says");
  const std::string missing =
      std::visit([&]<class T>(const T&) { return missing_member<T>(data->value); }, decoded.command);
  if (!missing.empty()) return invalid("/data/" + missing, "is missing");
  const std::optional<core::AggregateKey> owner = open_to_the_bus(decoded.command);
  if (!owner) return invalid("/type", "this command is not taken from the bus");
  decoded.aggregate = *owner;
  if (attribute(document, "subject") != owner->value())
    return invalid("/subject", "must be " + owner->value() + ", whom the data names");
  return decoded;
}

}  // namespace schemas
