#include "api/flush_manifest.h"

#include <algorithm>
#include <utility>

#include "schemas/digest.h"
#include "schemas/queue/job_types.h"

namespace api {

namespace {

using core::job_queue::Job;
using core::job_queue::WaitingJob;

constexpr std::size_t models_max = 16;
constexpr std::string_view header = "{\"sla_tier\":\"standard\",\"routing_mode\":\"cheapest\"}\n";

enum class Lanes { real, simulated };

bool sold(const App& app, const core::ModelSlug& model, Lanes lanes) {
  for (const std::size_t index : app.catalog.offerings_of(model)) {
    const core::Offering& offering = app.catalog.offerings()[index];
    const core::Provider* provider = app.catalog.provider(offering.provider);
    if (provider == nullptr || provider->simulated != (lanes == Lanes::simulated)) continue;
    if (std::any_of(app.lanes.begin(), app.lanes.end(), [&](const core::ConfiguredLane& lane) {
          return lane.provider == offering.provider && lane.mode == offering.mode;
        }))
      return true;
  }
  return false;
}

std::vector<core::ModelSlug> sold_of(const App& app, const std::vector<core::ModelSlug>& models, Lanes lanes) {
  std::vector<core::ModelSlug> some;
  for (const core::ModelSlug& model : models) {
    if (some.size() < models_max && sold(app, model, lanes)) some.push_back(model);
  }
  return some;
}

core::TokenPrice cheapest_output(const App& app, const core::ModelSlug& model) {
  std::optional<core::TokenPrice> cheapest;
  for (const std::size_t index : app.catalog.offerings_of(model)) {
    const core::TokenPrice price = app.catalog.offerings()[index].prices.output;
    cheapest = cheapest ? std::min(*cheapest, price) : price;
  }
  return cheapest.value_or(core::TokenPrice{});
}

// Those that can be asked for messages, the cheapest first.
std::vector<core::ModelSlug> all_models(const App& app) {
  std::vector<core::ModelSlug> all;
  for (const core::Model& model : app.catalog.models()) {
    if (std::find(model.operations.begin(), model.operations.end(), core::Operation::messages) !=
        model.operations.end())
      all.push_back(model.slug);
  }
  std::stable_sort(all.begin(), all.end(),
                   [&](const auto& a, const auto& b) { return cheapest_output(app, a) < cheapest_output(app, b); });
  return all;
}

// Claude where a provider here sells it, else what one does sell, else a simulated Claude: a lane that answers for real
// comes before one that does not.
std::vector<core::ModelSlug> models_of_queue(const App& app) {
  const std::vector<core::ModelSlug>& preferred = schemas::queue::job_types().models;
  std::vector<core::ModelSlug> models = sold_of(app, preferred, Lanes::real);
  if (models.empty()) models = sold_of(app, all_models(app), Lanes::real);
  if (models.empty()) models = sold_of(app, preferred, Lanes::simulated);
  return models;
}

core::Result<std::vector<core::JobId>> pick(const App& app, const core::OrgId& org, const FlushChoice& choice,
                                            const std::set<core::JobId>& left_out) {
  const core::Timestamp now = app.now();
  const std::uint32_t rank_max = WaitingJob::rank_of(choice.priority_min);
  std::vector<core::JobId> jobs;
  const core::Result<void> listed = app.reader.list<WaitingJob>(
      core::aggregate_of(org), schemas::row_prefix<WaitingJob>(org), "", processors::Order::oldest_first,
      [&](const WaitingJob& job) {
        if (job.rank > rank_max) return false;
        const bool asked =
            choice.types.empty() || std::find(choice.types.begin(), choice.types.end(), job.type) != choice.types.end();
        const bool due = !job.run_after || *job.run_after <= now;
        if (asked && due && !left_out.contains(job.job)) jobs.push_back(job.job);
        return jobs.size() < choice.jobs_max;
      });
  if (listed.has_error()) return listed.error();
  return jobs;
}

core::Result<std::string> read_payload(const App& app, const core::OrgId& org, const core::Digest& digest) {
  const auto blob = app.blobs.open(org, digest);
  if (blob.has_error()) return blob.error();
  return (*blob)->read(0, (*blob)->size());
}

}  // namespace

std::size_t jobs_of_next_pass(std::size_t asked, std::size_t looked_for, std::size_t picked, std::size_t faulty) {
  if (picked - faulty >= asked || picked < looked_for) return asked;
  return std::min(2 * looked_for, core::job_queue::jobs_per_flush_max);
}

core::Result<FlushManifest> make_flush_manifest(const App& app, const core::OrgId& org, const FlushChoice& choice,
                                                const std::set<core::JobId>& left_out) {
  FlushManifest manifest;
  const core::Result<std::vector<core::JobId>> picked = pick(app, org, choice, left_out);
  if (picked.has_error()) return picked.error();
  if (picked->empty()) return manifest;
  const std::vector<core::ModelSlug> models = models_of_queue(app);
  if (models.empty())
    return core::Error{core::ErrorCode::no_eligible_lane,
                       "no lane of this service sells a model that jobs can go to; see GET /v1/runtime"};

  core::Result<std::unique_ptr<processors::Spool>> spool = app.blobs.create_spool();
  if (spool.has_error()) return spool.error();
  schemas::Sha256 digest;
  const auto append = [&](std::string_view line) {
    digest.update(line);
    return (*spool)->append(line);
  };
  if (const auto begun = append(header); begun.has_error()) return begun.error();
  for (const core::JobId& id : *picked) {
    const auto job = app.reader.find<Job>(core::aggregate_of(org), {org, id});
    if (job.has_error()) return job.error();
    const schemas::queue::JobType* type = *job ? schemas::queue::job_types().find((*job)->type) : nullptr;
    if (type == nullptr) continue;
    const core::Result<std::string> payload = read_payload(app, org, (*job)->payload);
    if (payload.has_error()) return payload.error();
    const std::string line = schemas::queue::manifest_line(*type, id, *payload, models);
    if ((*spool)->size() + line.size() > flush_bytes_max && !manifest.jobs.empty()) break;
    if (const auto appended = append(line); appended.has_error()) return appended.error();
    manifest.jobs.push_back(id);
    manifest.estimated_tokens += schemas::queue::estimated_tokens(*type, *payload);
  }
  manifest.body.bytes = std::move(*spool);
  manifest.body.format = schemas::manifest::Format::ndjson;
  manifest.body.digest = digest.finish();
  return manifest;
}

}  // namespace api
