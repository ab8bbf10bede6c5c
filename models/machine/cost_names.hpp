// The names that machine files give to the costs in OsCosts.
#pragma once

#include <array>
#include <string_view>

#include "models/machine/machine_spec.hpp"

namespace timeslice::models {

struct CostName {
  std::string_view name;
  sim::Duration OsCosts::* cost;
};

inline constexpr std::array<CostName, 21> cost_names{{
    {"switch", &OsCosts::context_switch},
    {"wake_idle_cpu", &OsCosts::wake_idle_cpu},
    {"wake_idle_cpu_jitter", &OsCosts::wake_idle_cpu_jitter},
    {"wake_by_timer", &OsCosts::wake_by_timer},
    {"wake_syscall", &OsCosts::wake_syscall},
    {"syscall", &OsCosts::syscall},
    {"migration", &OsCosts::migration},
    {"tick", &OsCosts::tick_cost},
    {"thread_start", &OsCosts::thread_start},
    {"thread_exit", &OsCosts::thread_exit},
    {"fork", &OsCosts::fork},
    {"fork_per_mib", &OsCosts::fork_per_mib},
    {"process_exit", &OsCosts::process_exit},
    {"pipe_message", &OsCosts::pipe_message},
    {"pipe_copy_per_kib", &OsCosts::pipe_copy_per_kib},
    {"page_fault", &OsCosts::page_fault},
    {"idle_call", &OsCosts::idle_call},
    {"idle_exit", &OsCosts::idle_exit},
    {"timer_set", &OsCosts::timer_set},
    {"cold_refill", &OsCosts::cold_refill},
    {"cold_refill_half", &OsCosts::cold_refill_half},
}};

}  // namespace timeslice::models
