// What each part of the service is told of its configuration.
#pragma once

#include <string>

#include "adapters/providers/provider_lane.h"
#include "adapters/simulated/simulated_lane.h"
#include "adapters/stripe/stripe_checkout.h"
#include "api/app.h"
#include "api/http/server.h"
#include "ops/config.h"
#include "ops/providers.h"
#include "processors/dispatch/dispatcher.h"
#include "processors/upkeep/upkeep.h"

namespace ops {

adapters::simulated::Settings simulated_settings(const Config::Simulated& config);
adapters::providers::ProviderSettings lane_settings(const Config& config, const UsedProvider& used);
api::Settings api_settings(const Config& config, const std::string& instance);
api::http::Settings http_settings(const Config::Http& config);
processors::Dispatcher::Settings dispatch_settings(const Config& config);
adapters::stripe::StripeSettings stripe_settings(const Config& config);
processors::Upkeep::Settings upkeep_settings(const Config& config);

}  // namespace ops
