// What a batch's answer needs beside its row; reads blobs, so it runs on the blocking pool.
#pragma once

#include "api/app.h"
#include "api/render_batch.h"

namespace api {

enum class Receipt { leave_out, include };

// The first work units, the metadata, and where asked and final the billing receipt.
core::Result<BatchDetails> load_details(const App& app, const core::batch::Batch& batch, Receipt receipt);

}  // namespace api
