// What customers are told: each answer against the model, at one of the records between the question and the answer;
// and whatever was acknowledged is in the log at that moment (24), for its own org alone (23).
#include <rapidjson/document.h>
#include <rapidjson/pointer.h>

#include <algorithm>

#include "core/overloaded.h"
#include "tests/simulation/oracle.h"
#include "tests/simulation/world.h"

namespace simulation {

namespace {

using api::http::Method;

class Json {
 public:
  explicit Json(const std::string& text) { document_.Parse(text.c_str()); }

  std::string text(const char* pointer) const {
    const rapidjson::Value* value = document_.HasParseError() ? nullptr : rapidjson::Pointer(pointer).Get(document_);
    if (value == nullptr || value->IsNull()) return "-";
    if (value->IsString()) return value->GetString();
    if (value->IsInt64()) return std::to_string(value->GetInt64());
    return "?";
  }

 private:
  rapidjson::Document document_;
};

std::string batch_said(const std::string& body) {
  const Json json(body);
  std::string said;
  for (const char* part : {"/status", "/quote_id", "/item_count", "/request_counts/completed", "/request_counts/failed",
                           "/request_counts/cancelled", "/request_counts/expired", "/settlement/quoted_total/amount",
                           "/settlement/captured_total/amount", "/settlement/released_total/amount"})
    said += json.text(part) + " ";
  said += json.text("/cancel_requested_at") == "-" ? "-" : "cancel";
  return said + " " + json.text("/deadline");
}

std::string quote_said(const std::string& body) {
  const Json json(body);
  return json.text("/status") + " " + json.text("/pricing_estimate/total/amount") + " " + json.text("/item_count") +
         " " + json.text("/batch_id") + " " + json.text("/expires_at");
}

std::string credits_said(const std::string& body) {
  const Json json(body);
  std::string said;
  for (const char* part : {"available", "reserved", "captured_total", "granted_total", "topped_up_total"})
    said += json.text(("/balance/" + std::string(part) + "/amount").c_str()) + " ";
  return said + json.text("/balance/refunded_total/amount");
}

std::string checkout_said(const std::string& body) {
  const Json json(body);
  return json.text("/payment_status") + " " + json.text("/amount/amount") + " " + json.text("/refunded/amount");
}

// The last part of a path that has nothing but `prefix` before it; empty: another path.
std::string id_behind(const std::string& path, const std::string& prefix) {
  if (!path.starts_with(prefix) || path.find('/', prefix.size()) != std::string::npos) return {};
  return path.substr(prefix.size());
}

// The id that a path names, wherever it stands; empty: none.
std::string id_in(const std::string& path) {
  const std::size_t mark = path.find('_');
  if (mark == std::string::npos) return {};
  const std::size_t begin = path.rfind('/', mark) + 1;
  return path.substr(begin, path.find('/', begin) - begin);
}

}  // namespace

Question Oracle::ask(std::size_t machine, const core::OrgId& org, const Call& call) const {
  Question question{org, call, core::Offset(0)};
  if (org.value().empty()) return question;
  const auto bytes = world_.store(machine).get(partition_of(org), schemas::position_key);
  if (bytes.has_error() || !*bytes) return question;
  const auto position = schemas::decode_position(**bytes);
  if (position.has_value()) question.from = position->next;
  return question;
}

void Oracle::answered(const Question& question, const Reply& reply) {
  look();
  const Call& call = question.call;
  if (reply.status >= 400) return answered_refusal(question, reply);
  if (call.path == "/v1/webhooks/stripe" && reply.status == 200) return answered_payment(question);
  if (reply.status == 201) return answered_made(question, reply);
  if (reply.status != 200) return;
  if (call.path == "/v1/billing/credits")
    return answered_view(question, "credits/" + question.org.value(), credits_said(reply.body));
  if (call.method == Method::post && call.path.ends_with("/cancel")) {
    const std::string id = Json(reply.body).text("/id");
    const auto batch = model_.batches.find(core::BatchId(id));
    if (batch == model_.batches.end() || batch->second.stop == core::batch::StopReason::none)
      return fail(24, "the cancel of " + id + " was acknowledged, and is not in the log");
    return answered_view(question, id, batch_said(reply.body));
  }
  if (call.method != Method::get) return;
  if (const std::string batch = id_behind(call.path, "/v1/batches/"); !batch.empty())
    return answered_view(question, batch, batch_said(reply.body));
  if (const std::string quote = id_behind(call.path, "/v1/quotes/"); !quote.empty())
    return answered_view(question, quote, quote_said(reply.body));
  if (const std::string checkout = id_behind(call.path, "/v1/billing/checkout-sessions/"); !checkout.empty())
    return answered_view(question, checkout, checkout_said(reply.body));
}

// The batch, quote or checkout of the org that asks, that the path names; empty: it is no such path, or not theirs.
std::string Oracle::own_thing(const Question& question) const {
  const auto org = model_.orgs.find(question.org);
  if (org == model_.orgs.end() || org->second.erased) return {};
  const auto own = [&](const auto& things, const auto& id) {
    const auto found = things.find(id);
    return found != things.end() && found->second.org == question.org;
  };
  std::string id = id_in(question.call.path);
  const bool theirs = own(model_.batches, core::BatchId(id)) || own(model_.quotes, core::QuoteId(id)) ||
                      own(model_.checkouts, core::CheckoutId(id));
  return theirs ? id : "";
}

// What is refused for a reason must have had it.
void Oracle::answered_refusal(const Question& question, const Reply& reply) {
  const Json json(reply.body);
  const std::string code = json.text("/error/code");
  const std::string& path = question.call.path;
  if (code == "overloaded") reached("backpressure reached the HTTP edge");
  if (code == "idempotency_conflict") reached("idempotency conflict");
  if (code == "quote_expired" && path == "/v1/batches") reached("quote expired between check and append");
  if (code == "insufficient_credits") {
    reached("402");
    const auto total = core::money_from_decimal(json.text("/funding_preview/quote_total/amount"));
    if (total.has_error()) return fail(2, path + " is refused for want of credits, and does not say how many");
    const std::vector<std::string> views =
        model_.views("credits/" + question.org.value(), question.from, read_of(question.org));
    const auto too_little = [&](const std::string& view) {
      return view.empty() || *core::money_from_decimal(view.substr(0, view.find(' '))) < *total;
    };
    if (std::none_of(views.begin(), views.end(), too_little))
      fail(2, path + " is refused for want of credits, and they were there: " + reply.body);
  }
  if (reply.status == 404) {
    const std::string thing = own_thing(question);
    const std::vector<std::string> views = model_.views(thing, question.from, read_of(question.org));
    if (!thing.empty() && std::none_of(views.begin(), views.end(), [](const std::string& one) { return one.empty(); }))
      fail(24, path + " answers of what is in the log, and was known there: " + reply.body);
  }
  if (code == "quote_consumed") {
    reached("a quote that was used before");
    const auto quote = model_.quotes.find(core::QuoteId(Json(question.call.body).text("/quote_id")));
    if (quote == model_.quotes.end() || quote->second.phase != core::quote::Phase::consumed)
      fail(8, "a quote is refused as used, and no batch has it: " + question.call.body);
  }
  if (code == "batch_already_finished") {
    reached("cancel after the end");
    const auto batch = model_.batches.find(core::BatchId(id_in(path)));
    if (batch == model_.batches.end() || !batch->second.over())
      fail(13, path + " is refused as that of a batch that has ended, and it has not");
  }
}

// What is told must have been true, and must not be gone with a crash: the log has it.
void Oracle::answered_view(const Question& question, const std::string& thing, const std::string& said) {
  const std::vector<std::string> views = model_.views(thing, question.from, read_of(question.org));
  for (const std::string& view : views) {
    if (view == said) return;
  }
  fail(21, question.call.path + " answers of " + thing + ": " + said + "; by the log it is: " + views.back() +
               (views.size() > 1 ? ", or: " + views.front() : ""));
}

void Oracle::answered_made(const Question& question, const Reply& reply) {
  const Json json(reply.body);
  const std::string& path = question.call.path;
  const std::string id = json.text(path == "/v1/quotes/model" ? "/quote_id" : "/id");
  core::OrgId owner;
  std::string total;
  if (path == "/v1/quotes/model") {
    const auto found = model_.quotes.find(core::QuoteId(id));
    if (found != model_.quotes.end()) {
      owner = found->second.org;
      total = core::to_decimal(found->second.locked.plan.total);
      if (total != json.text("/pricing_estimate/total/amount"))
        return fail(6, "quote " + id + " is locked at " + total + ", and told at another price");
    }
  } else if (path == "/v1/batches" || path.ends_with("/retry")) {
    const auto found = model_.batches.find(core::BatchId(id));
    if (found != model_.batches.end()) {
      owner = found->second.org;
      total = core::to_decimal(found->second.accepted.plan.total);
      if (total != json.text("/settlement/quoted_total/amount") ||
          found->second.accepted.quote.value() != json.text("/quote_id"))
        return fail(6, "batch " + id + " is told with another price or quote than it was accepted with");
    }
  } else if (path == "/v1/billing/checkout-sessions") {
    const auto found = model_.checkouts.find(core::CheckoutId(id));
    if (found != model_.checkouts.end()) owner = found->second.org;
  } else {
    return;
  }
  if (owner.value().empty()) return fail(24, path + " has made " + id + ", and it is not in the log");
  if (owner != question.org) fail(23, path + " has made " + id + " for another org");
}

void Oracle::answered_payment(const Question& question) {
  const Json event(question.call.body);
  const std::string type = event.text("/type");
  const core::CheckoutId id(event.text("/data/object/metadata/checkout"));
  const auto checkout = model_.checkouts.find(id);
  if (type == "checkout.session.completed" || type == "checkout.session.async_payment_succeeded") {
    if (checkout == model_.checkouts.end() || checkout->second.phase != core::billing::CheckoutPhase::paid)
      fail(24, "the payment of " + id.value() + " was acknowledged, and is not in the log");
  }
}

// A command that no client sends.
void Oracle::acknowledged(const core::Command& command) {
  look();
  const auto must = [this](bool holds, const char* what) {
    if (!holds) fail(24, std::string(what) + " was acknowledged, and is not in the log");
  };
  if (const auto* grant = std::get_if<core::ledger::GrantCredits>(&command))
    must(model_.transfers.contains(core::TransferId("grant/" + grant->org.value() + "/" + grant->grant)), "a grant");
  if (const auto* verify = std::get_if<core::identity::VerifyEmail>(&command))
    must(model_.orgs.contains(verify->org) && model_.orgs.at(verify->org).verified, "a sign-up");
  if (const auto* erase = std::get_if<core::identity::EraseOrg>(&command))
    must(model_.orgs.contains(erase->org) && model_.orgs.at(erase->org).erased, "an erasure");
}

}  // namespace simulation
