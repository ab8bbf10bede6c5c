// The views that people ask, with the sentence, columns and example that explain each.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace timeslice::tools {

struct View {
  std::string_view name;      // what `query DB NAME` takes
  std::string_view sentence;  // what a row is
  std::string_view columns;   // the ones to know, not necessarily all
  std::string_view example;   // SQL that one can copy
  std::string_view sql;       // what NAME runs
};

/// Newest-batch questions first (runs, summary, speedup, errors), then the whole views (v_run ...).
[[nodiscard]] std::span<const View> views();

/// The text of `query DB` without SQL.
[[nodiscard]] std::string explain_views();

}  // namespace timeslice::tools
