// Ctrl-C as a question that long work asks now and then.
#pragma once

namespace timeslice::tools {

/// From now on SIGINT and SIGTERM set a flag; a second one ends the program at once. SIGPIPE
/// and SIGXFSZ are ignored: a reader that left and a file at its limit show as failed writes.
void watch_for_interrupts();

/// Whether somebody asked to stop. Safe from any thread.
[[nodiscard]] bool interrupted();

}  // namespace timeslice::tools
