#include "adapters/kafka/trim.h"

#include <memory>

namespace adapters::kafka {

core::Result<void> delete_records(const Client& client, const std::string& topic, core::Partition partition,
                                  core::Offset before, std::chrono::milliseconds timeout) {
  const std::string doing = "trimming topic " + topic + ", partition " + std::to_string(partition.value());
  const auto number = static_cast<std::int32_t>(partition.value());
  const std::unique_ptr<rd_kafka_topic_partition_list_t, Destroy<rd_kafka_topic_partition_list_destroy>> offsets(
      rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(offsets.get(), topic.c_str(), number)->offset = before.value();
  const std::unique_ptr<rd_kafka_DeleteRecords_t, Destroy<rd_kafka_DeleteRecords_destroy>> request(
      rd_kafka_DeleteRecords_new(offsets.get()));
  const std::unique_ptr<rd_kafka_AdminOptions_t, Destroy<rd_kafka_AdminOptions_destroy>> options(
      rd_kafka_AdminOptions_new(client.handle(), RD_KAFKA_ADMIN_OP_DELETERECORDS));
  const auto milliseconds = static_cast<int>(timeout.count());
  rd_kafka_AdminOptions_set_request_timeout(options.get(), milliseconds, nullptr, 0);
  rd_kafka_AdminOptions_set_operation_timeout(options.get(), milliseconds, nullptr, 0);
  const Queue queue(rd_kafka_queue_new(client.handle()));
  rd_kafka_DeleteRecords_t* requests[] = {request.get()};
  rd_kafka_DeleteRecords(client.handle(), requests, 1, options.get(), queue.get());

  const Event event(rd_kafka_queue_poll(queue.get(), milliseconds + 1'000));
  if (event == nullptr) return client.unreachable(doing);
  auto code = rd_kafka_event_error(event.get());
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
    const auto* const answered =
        rd_kafka_DeleteRecords_result_offsets(rd_kafka_event_DeleteRecords_result(event.get()));
    code = answered->cnt == 1 ? answered->elems[0].err : RD_KAFKA_RESP_ERR__FAIL;
  }
  if (code == RD_KAFKA_RESP_ERR__TIMED_OUT || code == RD_KAFKA_RESP_ERR__TRANSPORT) return client.unreachable(doing);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return error_of(code, doing);
  return {};
}

}  // namespace adapters::kafka
