// Trace records as lines of text: what `run --trace` writes and golden tests compare.
//
// One record a line: time in ns, kind, then only the fields that say something. The text is a
// function of the record alone, so equal runs give equal bytes.
#pragma once

#include <string>

#include "sim/trace.hpp"

namespace timeslice::tools {

/// "     1250000 switch_in        cpu=0 subject=3 object=1 cause=0 value=2", without a line end.
[[nodiscard]] std::string trace_line(const sim::TraceRecord& record);

}  // namespace timeslice::tools
