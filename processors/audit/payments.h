// Credits bought, refunded and disputed in one partition, followed a second time.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "processors/audit/events.h"
#include "processors/audit/ledger.h"
#include "processors/audit/reporter.h"
#include "processors/audit/texts.h"

namespace processors::audit {

// A top-up is posted with the payment that it is of, what is taken back with the refund or the dispute.
class Payments {
 public:
  Payments(Reporter& reporter, Ledger& ledger) : reporter_(reporter), ledger_(ledger) {}

  void take_opened(const CheckoutEvent& event);
  void take_page(const CheckoutEvent& event) { find(event); }
  void take_paid(const CheckoutEvent& event);
  void take_closed(const CheckoutEvent& event);
  void take_refunded(const CheckoutEvent& event);
  void take_dispute(const CheckoutEvent& event);

  std::uint64_t paid() const { return paid_; }

 private:
  enum class Phase : std::uint8_t { open, paid, closed };
  struct Dispute {
    std::int64_t amount = 0;
    bool withdrawn = false;
    bool reinstated = false;
  };
  struct Checkout {
    std::string org;
    Phase phase = Phase::open;
    std::int64_t amount = 0;
    std::int64_t refunded = 0;
    std::map<std::string, Dispute, std::less<>> disputes;
  };

  Checkout* find(const CheckoutEvent& event);

  Reporter& reporter_;
  Ledger& ledger_;
  ByText<Checkout> checkouts_;
  std::uint64_t paid_ = 0;
};

}  // namespace processors::audit
