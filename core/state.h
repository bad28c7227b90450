// The state of one partition as typed tables. decide and react read it; only apply writes it.
#pragma once

#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include "core/batch/state.h"
#include "core/billing/state.h"
#include "core/command.h"
#include "core/effect.h"
#include "core/identity/state.h"
#include "core/imports/state.h"
#include "core/job_queue/state.h"
#include "core/learning/state.h"
#include "core/ledger/state.h"
#include "core/parking/state.h"
#include "core/quote/state.h"
#include "core/webhook/state.h"

namespace core {

// A command that becomes due.
struct Timer {
  using Key = std::tuple<Timestamp, std::string>;
  Key key() const { return {due, id}; }

  Timestamp due;
  std::string id;
  AggregateKey origin;
  Command command;
};

// How far the commands of the bus were taken.
struct BusCursor {
  using Key = std::tuple<std::string>;
  Key key() const { return {topic}; }

  std::string topic = "commands";
  Offset next;
};

// Rows of one kind. A found row stays valid until the same key is put or erased.
template <class Row>
class Table {
 public:
  using Type = std::type_identity<Row>;  // tells tables with the same type of key apart

  virtual ~Table() = default;
  virtual const Row* find_row(Type, const typename Row::Key& key) const = 0;
  virtual void put_row(Row row) = 0;
  virtual void erase_row(Type, const typename Row::Key& key) = 0;
};

template <class... Rows>
class Tables : public Table<Rows>... {
 public:
  // nullptr when there is none.
  template <class Row>
  const Row* find(const typename Row::Key& key) const {
    return static_cast<const Table<Row>&>(*this).find_row({}, key);
  }
  template <class Row>
  void put(Row row) {
    static_cast<Table<Row>&>(*this).put_row(std::move(row));
  }
  template <class Row>
  void erase(const typename Row::Key& key) {
    static_cast<Table<Row>&>(*this).erase_row({}, key);
  }
};

// The kinds of rows, to be handed to a template that takes them all.
template <class... Rows>
struct RowTypes {
  template <template <class...> class Template>
  using In = Template<Rows...>;
};

using StateRows = RowTypes<identity::EmailClaim, identity::Org, identity::Verification, identity::PasswordReset,
                           identity::Session, identity::ApiKey, identity::ApiKeySecret, ledger::Account,
                           ledger::Reservation, ledger::Entry, ledger::Book, ledger::Posted, quote::Quote, batch::Batch,
                           batch::Unit, batch::Submission, batch::ProviderBatch, batch::Feedback, learning::LaneDay,
                           learning::ServedDay, learning::WorkflowDay, learning::Judgement, webhook::Delivery,
                           billing::Checkout, billing::Profile, imports::Import, imports::ImportContent,
                           imports::ImportDay, job_queue::Job, job_queue::WaitingJob, job_queue::JobSubmission,
                           job_queue::Flush, job_queue::QueueStats, parking::Parked, Timer, Outstanding, BusCursor>;

using State = StateRows::In<Tables>;

}  // namespace core
