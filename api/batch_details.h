// A batch, and what an answer about it needs beside its row.
#pragma once

#include "api/app.h"
#include "api/render_batch.h"

namespace api {

enum class Receipt { leave_out, include };

// Someone else's batch is as unknown as one that never was. Errors: batch_not_found, and those of reading.
core::Result<core::batch::Batch> find_batch(const App& app, const core::OrgId& org, const core::BatchId& id);

// The first work units, the metadata, the version of its prices, and where asked and final the billing receipt.
// Blocks on files.
core::Result<BatchDetails> load_details(const App& app, const core::batch::Batch& batch, Receipt receipt);

}  // namespace api
