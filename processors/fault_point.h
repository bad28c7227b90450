// Places where a test kills this process: FAULT_POINT(F11) ends it, as kill -9 would, when the environment has
// BATCHROUTER_FAULT_POINT=F11 (the first time it is reached) or F11:3 (the third). Only in programs that are made for
// tests (tests/CMakeLists.txt); nothing is left of it in others.
//
//      what is done, and what is not                                        where
// F01  command decided, not appended                                        processors/partition_loop.cc
// F02  group written, not durable                                           adapters/embedded_log/segment_writer.cc
// F03  group durable, nobody told                                           adapters/embedded_log/embedded_log.cc
// F04  group confirmed, not in the state                                    processors/partition_loop.cc
// F05  rows of a group put together, not written                            adapters/rocksdb/state.cc
// F06  rows written, nobody answered; their offset is one of them           processors/partition_loop.cc
// F07  command answered within, no byte of the response sent                api/app.cc
// F08  a piece of a response sent, not the rest                             api/http/connection.cc
// F09  lane chosen, no intent to dispatch                                   processors/dispatch/unit_run.cc
// F10  intent recorded, provider not called                                 the same
// F11  provider has accepted, its id is not recorded                        adapters/providers/batch_run.cc
// F12  results downloaded, none recorded                                    the same
// F13  some of the results recorded                                         processors/dispatch/unit_run.cc
// F14  all results durable, unit not closed                                 the same
// F15  unit closed, and with the last one its batch settled and ended       the same
// F16  blob whole, not in its place                                         adapters/blobs/local_blobs.cc
// F17  blob in its place, its directory not durable                         the same
// F18  webhook due, not sent                                                processors/delivery/delivery.cc
// F19  webhook sent, the attempt not recorded                               the same
// F20  event of Stripe verified, nothing appended                           api/resources/stripe_webhook.cc
// F21  payment recorded, Stripe not told                                    the same
// F22  snapshot half written                                                processors/snapshots/snapshots.cc
// F23  snapshot and archive in their places, journal not trimmed            processors/archive/trim.cc
// F24  amid the replay of the journal                                       processors/partition_recovery.cc
// F25  partition ours to take, epoch not opened                             the same
// F26  ownership lost to another, a group of ours in flight                 processors/partition_loop.cc, on Kafka
// F27  none: to rotate an API key is one command, so that F01 to F07 are all there is between its beginning and its
//      end, and other keys are never exchanged for new ones
// F28  stopping: no requests any more, work still in flight                 ops/daemon.cc
//
// Beyond the usual list:
// F29  some of the jobs of an ended batch closed                            processors/job_queue/collector.cc
// F30  results of an erased org removed                                     processors/erasure/eraser.cc
// F31  its other payloads removed too                                       the same
// F32  its key destroyed, nobody told                                       the same
//
// A batch's receipt and artifacts are its units' rows, made durable before F14: settling copies nothing, so between
// settlement, receipt and webhook's row there is no place to be cut at. F16 and F17 are where manifests, units'
// requests and snapshots become files.
#pragma once

#ifdef BATCHROUTER_FAULT_POINTS
namespace processors {
void reach_fault_point(const char* name);
}
#define FAULT_POINT(name) ::processors::reach_fault_point(#name)
#else
#define FAULT_POINT(name) static_cast<void>(0)
#endif
