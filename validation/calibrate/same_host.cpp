#include "validation/calibrate/same_host.hpp"

#include "models/machine/detect.hpp"
#include "validation/calibrate/derive_host.hpp"

namespace timeslice::validation {

bool is_same_host(const scenarios::MachineFile& file, const models::MachineSpec& detected,
                  const std::string& kernel) {
  const auto scheduler = file.measured.find("os.scheduler");
  return scheduler != file.measured.end() && scheduler->second.from == kernel_note(kernel) &&
         file.measured.contains("costs.syscall") && file.machine.about == detected.about &&
         file.machine.cpus.size() == detected.cpus.size();
}

bool is_this_host(const scenarios::MachineFile& file) {
  const auto detected = models::detect_host();
  return detected && is_same_host(file, detected.value(), host_facts("").kernel);
}

}  // namespace timeslice::validation
