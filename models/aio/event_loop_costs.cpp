#include "models/aio/event_loop_costs.hpp"

#include <array>
#include <cstdint>

namespace timeslice::models {

namespace {

using CostField = sim::Duration EventLoopCosts::*;

constexpr std::array cost_fields{
    &EventLoopCosts::create_task,  &EventLoopCosts::callback,      &EventLoopCosts::step,
    &EventLoopCosts::turn,         &EventLoopCosts::timer_set,     &EventLoopCosts::timer_fire,
    &EventLoopCosts::gather_child, &EventLoopCosts::io_start,      &EventLoopCosts::io_end,
    &EventLoopCosts::wrap_future,  &EventLoopCosts::thread_result, &EventLoopCosts::take_result,
    &EventLoopCosts::self_pipe,    &EventLoopCosts::loop_create,   &EventLoopCosts::loop_run,
    &EventLoopCosts::loop_close,   &EventLoopCosts::timeout,       &EventLoopCosts::cancel,
};

}  // namespace

EventLoopCosts scaled(const EventLoopCosts& costs, double factor) {
  EventLoopCosts result = costs;
  for (const CostField field : cost_fields) {
    const double ns = static_cast<double>((costs.*field).count()) * factor;
    result.*field = sim::Duration{static_cast<std::int64_t>(ns)};
  }
  return result;
}

EventLoopCosts as_uvloop(const EventLoopCosts& costs) {
  EventLoopCosts fast = costs;
  const auto part = [](sim::Duration whole, std::int64_t percent) { return whole * percent / 100; };
  fast.callback = part(costs.callback, 45);
  fast.step = part(costs.step, 135);  // sleep(0) among many tasks: 88 % in all
  fast.turn = part(costs.turn, 30);
  fast.timer_set = part(costs.timer_set, 90);
  fast.timer_fire = part(costs.timer_fire, 70);
  fast.io_start = part(costs.io_start, 55);
  fast.io_end = part(costs.io_end, 55);
  fast.self_pipe = part(costs.self_pipe, 30);
  return fast;
}

}  // namespace timeslice::models
