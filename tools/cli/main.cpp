// The program: a table of contents. What each command takes stands in tools/cli/option_table.cpp,
// what it does in the file named after it.
#include "tools/cli/commands.hpp"

int main(int argc, char** argv) {
  using namespace timeslice::tools;  // NOLINT(google-build-using-namespace): the whole file
  return run_program(
      {
          {"run", run_command},
          {"check", check_command},
          {"expand", expand_command},
          {"schema", schema_command},
          {"machine", machine_command},
          {"query", query_command},
          {"show", show_command},
          {"validate", validate_command},
          {"holdout", holdout_command},
          {"calibrate", calibrate_command},
          {"doctor", doctor_command},
          {"plot", plot_command},
          {"merge", merge_command},
          {"status", status_command},
          {"batch", batch_command},
          {"compare", compare_command},
          {"export", export_command},
          {"report", report_command},
      },
      argc, argv);
}
