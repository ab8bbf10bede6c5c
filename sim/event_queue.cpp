#include "sim/event_queue.hpp"

namespace timeslice::sim {

void EventQueue::move_to_ladder() {
  heap_.drain([this](const Event& event) { ladder_.push(event); });
  in_ladder_ = true;
}

void EventQueue::move_to_heap() {
  ladder_.drain([this](const Event& event) { heap_.push(event); });
  in_ladder_ = false;
}

void EventQueue::put_back() {
  for (const Event& event : moving_) {
    in_ladder_ ? ladder_.push(event) : heap_.push(event);
  }
  moving_.clear();
}

}  // namespace timeslice::sim
