// Deliberate bugs, one for each invariant that the simulation checks: MUTANT(11) is true when the program that was
// built for it (tests/simulation) has been told to behave wrongly in the way of invariant 11, and false everywhere
// else, where nothing is left of it. A check that has not been seen to catch its mutant is no check.
//
// Only in .cc files: a header would mean different things to different files of one program.
#pragma once

#ifdef BATCHROUTER_MUTANTS
namespace core {
bool mutant(int invariant);
}
#define MUTANT(invariant) ::core::mutant(invariant)
#else
#define MUTANT(invariant) false
#endif
