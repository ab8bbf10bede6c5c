// Reads what messages between processes cost: the message part of runtime costs.
#pragma once

#include "models/python/runtime_spec.hpp"
#include "scenarios/format/fields.hpp"

namespace timeslice::scenarios {

/// The keys `executor`, `payload`, `pickle_per_kib`, `imap_next` and `interpreter_*` of
/// `runtime_costs`.
void read_message_costs(Fields& fields, models::PythonCosts& costs);

}  // namespace timeslice::scenarios
