// What a fork does to a child beyond copying: locks stay as they are, threads are gone.
//
// Whoever holds a lock does not exist in the child, so nobody there can release it. Cost: a fork
// with other threads looks at all threads of the run once a process, and at all locks each time.
#pragma once

#include "models/python/process.hpp"

namespace timeslice::models {

/// Hands the locks of `parent`'s process down to `child`, those that another thread holds as dead
/// ones, and says in the result what is dangerous about this fork: which threads are left behind,
/// which locks are held and by whom.
void inherit_locks(const Actor& parent, UserProcess& child);

}  // namespace timeslice::models
