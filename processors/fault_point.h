// Places where a test kills this process: FAULT_POINT(F11) ends it, as kill -9 would, when the environment has
// BATCHROUTER_FAULT_POINT=F11 (the first time it is reached) or F11:3 (the third). Only in the
// program that tests are given for it, batchrouter_faults; nothing is left of it in others.
//
// F09 before the intent to dispatch · F10 after it, before the provider is called · F11 after the provider has
// accepted, before its batch is recorded · F12 results downloaded, none recorded · F13 some of the results recorded ·
// F14 all of them, before settlement · F15 some of the jobs of an ended batch closed ·
// F16 results of an erased org removed · F17 its other payloads too · F18 its key destroyed, and nobody told
#pragma once

#ifdef BATCHROUTER_FAULT_POINTS
namespace processors {
void reach_fault_point(const char* name);
}
#define FAULT_POINT(name) ::processors::reach_fault_point(#name)
#else
#define FAULT_POINT(name) static_cast<void>(0)
#endif
