#pragma once

#include "core/ids.h"
#include "core/result.h"
#include "core/time.h"
#include "processors/ports/blob_store.h"
#include "processors/ports/journal.h"
#include "processors/ports/signer.h"
#include "processors/ports/state_store.h"

namespace processors {

// Lets a journal forget what the archive has. Nothing is trimmed that is not in the archive, verified by reading it,
// and below a snapshot that was verified likewise; one is taken where there is none. Answers before which record the
// journal was told to forget; its first where there is nothing to trim. Errors: those of verifying, storage_failed,
// unavailable.
core::Result<core::Offset> trim_archived(Journal& journal, const StateStore& store, BlobStore& blobs,
                                         const Signer& signer, core::Partition partition, core::Timestamp now);

}  // namespace processors
