// The frames of the segment files are those of processors/record_frame.h, which the archive keeps too.
#pragma once

#include "processors/record_frame.h"

namespace adapters::embedded_log {

using processors::chain_bytes;
using processors::claim_of;
using processors::copy;
using processors::decode_frame;
using processors::decode_head;
using processors::encode_frame;
using processors::Frame;
using processors::frame_bytes;
using processors::frame_fixed_bytes;
using processors::frame_head_bytes;
using processors::frame_magic;
using processors::FrameClaim;
using processors::FrameHead;

}  // namespace adapters::embedded_log
